package io.github.etcddiscovery.probe;

import java.util.ArrayDeque;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.Queue;
import java.util.Set;
import java.util.function.BiConsumer;

import io.github.etcddiscovery.core.EventLoop;
import io.github.etcddiscovery.instance.EtcdServiceInstance;
import io.github.etcddiscovery.probe.AddressProbe.Answer;

/**
 * Asks at the addresses of instances, each once at a time and a few together, so that
 * however many there are, and however long they take to answer, others can ask as well.
 * Confined to the loop of the catalog.
 */
public final class Questions {

	private final EventLoop loop;

	private final AddressProbe probe;

	private final int together;

	private final BiConsumer<EtcdServiceInstance, Answer> answered;

	private final Set<EtcdServiceInstance> open = Collections.newSetFromMap(new IdentityHashMap<>());

	private final Queue<EtcdServiceInstance> waiting = new ArrayDeque<>();

	private int underWay;

	/**
	 * Create it without a question.
	 * @param loop the loop of the catalog
	 * @param probe asks at addresses
	 * @param together how many are asked at a time
	 * @param answered is told of each answer, on the loop
	 */
	public Questions(EventLoop loop, AddressProbe probe, int together,
			BiConsumer<EtcdServiceInstance, Answer> answered) {
		this.loop = loop;
		this.probe = probe;
		this.together = together;
		this.answered = answered;
	}

	/**
	 * Ask when there is room, unless that is under way. On the loop.
	 * @param instance whom to ask
	 */
	public void ask(EtcdServiceInstance instance) {
		if (this.open.add(instance)) {
			this.waiting.add(instance);
			askNext();
		}
	}

	private void askNext() {
		while (this.underWay < this.together && !this.waiting.isEmpty()) {
			EtcdServiceInstance instance = this.waiting.remove();
			this.underWay++;
			this.probe.ask(instance.getHost(), instance.getPort())
				.whenComplete((answer, failure) -> this.loop.execute(() -> {
					this.underWay--;
					this.open.remove(instance);
					this.answered.accept(instance, (failure != null) ? Answer.UNKNOWN : answer);
					askNext();
				}));
		}
	}

}
