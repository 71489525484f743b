package io.github.etcddiscovery.tutorial;

import java.util.concurrent.TimeUnit;

import io.etcd.jetcd.Client;
import io.etcd.jetcd.options.PutOption;
import io.etcd.jetcd.support.CloseableClient;
import io.etcd.jetcd.support.Observers;

import org.springframework.stereotype.Component;

@Component
class Loans {

	private final Client client;

	Loans(Client client) {
		this.client = client;
	}

	long lend(String key, String value, long seconds) throws Exception {
		long lease = this.client.getLeaseClient().grant(seconds).get(5, TimeUnit.SECONDS).getID();
		PutOption option = PutOption.builder().withLeaseId(lease).build();
		this.client.getKVClient().put(Notes.bytes(key), Notes.bytes(value), option).get(5, TimeUnit.SECONDS);
		return lease;
	}

	CloseableClient keepAlive(long lease) {
		return this.client.getLeaseClient().keepAlive(lease, Observers.observer((renewed) -> {
		}));
	}

	void revoke(long lease) throws Exception {
		this.client.getLeaseClient().revoke(lease).get(5, TimeUnit.SECONDS);
	}

}
