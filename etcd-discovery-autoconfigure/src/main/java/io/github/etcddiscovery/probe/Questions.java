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
 * Probes the addresses of instances: each address once at a time, and only a few at once,
 * so that other users of the probe get their turn however many addresses there are and
 * however slowly they answer. Confined to the loop of the catalog.
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
	 * Create an empty queue of questions.
	 * @param loop the loop of the catalog
	 * @param probe probes addresses
	 * @param together how many addresses to probe at once
	 * @param answered receives each answer, on the loop
	 */
	public Questions(EventLoop loop, AddressProbe probe, int together,
			BiConsumer<EtcdServiceInstance, Answer> answered) {
		this.loop = loop;
		this.probe = probe;
		this.together = together;
		this.answered = answered;
	}

	/**
	 * Probe an instance as soon as there is room, unless a probe of it is under way. To
	 * be called on the loop.
	 * @param instance the instance to probe
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
