package io.github.etcddiscovery.tutorial;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

import io.etcd.jetcd.Client;
import io.etcd.jetcd.Watch.Watcher;
import io.etcd.jetcd.watch.WatchEvent;

import org.springframework.stereotype.Component;

@Component
class NoteWatch implements AutoCloseable {

	private final List<String> seen = new CopyOnWriteArrayList<>();

	private final Watcher watcher;

	NoteWatch(Client client) {
		this.watcher = client.getWatchClient()
			.watch(Notes.bytes("note"), (response) -> response.getEvents().forEach(this::see));
	}

	private void see(WatchEvent event) {
		String value = event.getKeyValue().getValue().toString(StandardCharsets.UTF_8);
		this.seen.add((event.getEventType() == WatchEvent.EventType.PUT) ? value : "gone");
	}

	List<String> seen() {
		return this.seen;
	}

	@Override
	public void close() {
		this.watcher.close();
	}

}
