package io.github.etcddiscovery.sample;

import java.util.List;

import io.github.etcddiscovery.discovery.ServiceInstancesChangedEvent;
import io.github.etcddiscovery.instance.EtcdServiceInstance;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;

import org.springframework.context.event.EventListener;
import org.springframework.stereotype.Component;

/**
 * Writes a line for every instance that comes, changes or goes.
 */
@Component
class ServiceChangeLogger {

	private static final Log logger = LogFactory.getLog(ServiceChangeLogger.class);

	@EventListener
	void onServiceInstancesChanged(ServiceInstancesChangedEvent event) {
		log("added", event.getServiceId(), event.getAdded());
		log("updated", event.getServiceId(), event.getUpdated());
		log("removed", event.getServiceId(), event.getRemoved());
	}

	private void log(String change, String serviceId, List<EtcdServiceInstance> instances) {
		for (EtcdServiceInstance instance : instances) {
			logger.info("Service '%s': %s %s at %s, %s".formatted(serviceId, change, instance.getInstanceId(),
					instance.getUri(), instance.getStatus()));
		}
	}

}
