package io.github.etcddiscovery.sample.grpc;

import java.util.concurrent.TimeUnit;

import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.StatusRuntimeException;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;

import org.springframework.cloud.client.serviceregistry.Registration;
import org.springframework.grpc.client.GrpcChannelFactory;
import org.springframework.scheduling.annotation.Scheduled;
import org.springframework.stereotype.Component;

/**
 * Calls the service that this application belongs to, one instance after the other.
 */
@Component
class GreeterCaller {

	private static final Log logger = LogFactory.getLog(GreeterCaller.class);

	private final Channel channel;

	private final Registration registration;

	GreeterCaller(GrpcChannelFactory channels, Registration registration) {
		this.channel = channels.createChannel("greeter");
		this.registration = registration;
	}

	/**
	 * Until there is an instance the call waits.
	 */
	@Scheduled(fixedDelay = 250, timeUnit = TimeUnit.MILLISECONDS)
	void call() {
		CallOptions options = CallOptions.DEFAULT.withWaitForReady().withDeadlineAfter(10, TimeUnit.SECONDS);
		try {
			logger.info(Greeter.greet(this.channel, options, String.valueOf(this.registration.getInstanceId())));
		}
		catch (StatusRuntimeException ex) {
			logger.warn("A call has failed: " + ex.getStatus());
		}
	}

}
