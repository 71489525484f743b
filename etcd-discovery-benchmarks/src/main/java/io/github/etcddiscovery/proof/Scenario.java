package io.github.etcddiscovery.proof;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

import io.github.etcddiscovery.testing.EtcdMember;

/**
 * What happens to the instances and to etcd while they are called.
 */
enum Scenario {

	/**
	 * Each of three instances is stopped and then replaced by a new process.
	 */
	ROLLING_RESTART("(a) rolling restart of three instances", 1, 3, true) {

		@Override
		void play(Stage stage) {
			for (Instance instance : stage.instances()) {
				Instance successor = stage.restart(instance);
				stage.awaitAnswersOf(List.of(successor));
				stage.hold(PAUSE);
			}
		}

	},

	/**
	 * Four instances are added one after another, since they all start on one machine,
	 * and are stopped at once.
	 */
	SCALE("(b) scaling from one to five instances and back", 1, 1, true) {

		@Override
		void play(Stage stage) {
			List<Instance> added = new ArrayList<>();
			for (int i = 0; i < 4; i++) {
				added.addAll(stage.launch(1));
				stage.awaitAnswersOf(added);
			}
			stage.hold(PAUSE);
			stage.stop(added);
		}

	},

	/**
	 * One of three instances is killed. Nothing can tell callers before its lease ends,
	 * or before they fail to connect: without retries those requests fail, and a stream
	 * that is under way can't be made again.
	 */
	CRASH("(c) kill -9 of one of three instances", 1, 3, false) {

		@Override
		void play(Stage stage) {
			Instance victim = stage.instances().get(0);
			stage.kill(victim);
			stage.awaitGone(victim);
		}

	},

	/**
	 * etcd is dead for a minute. Meanwhile one instance is added, and long after the
	 * leases would have ended one is stopped.
	 */
	OUTAGE("(d) 60 s without etcd: one instance added, one stopped", 1, 3, true) {

		@Override
		void play(Stage stage) {
			stage.say("etcd killed");
			stage.etcd().kill();
			long killedAt = System.nanoTime();
			stage.hold(Duration.ofSeconds(5));
			List<Instance> added = stage.launch(1);
			stage.holdUntil(killedAt + Duration.ofSeconds(30).toNanos());
			Instance leaving = stage.instances().get(0);
			stage.stop(List.of(leaving));
			stage.awaitStarted(added);
			stage.holdUntil(killedAt + Duration.ofSeconds(60).toNanos());
			stage.say("etcd started");
			stage.etcd().start();
			stage.awaitAnswersOf(added);
			stage.awaitGone(leaving);
		}

	},

	/**
	 * Each member of etcd is stopped and started with its data.
	 */
	ETCD_ROLLING_RESTART("(e) rolling restart of a three-member etcd", 3, 3, true) {

		@Override
		void play(Stage stage) {
			for (EtcdMember member : stage.etcd().members()) {
				stage.say("SIGTERM to " + member.name());
				member.restart();
				stage.say(member.name() + " is back");
				stage.hold(PAUSE);
			}
		}

	};

	private static final Duration PAUSE = Duration.ofSeconds(3);

	private final String title;

	private final int members;

	private final int instances;

	private final boolean zeroWithoutRetries;

	Scenario(String title, int members, int instances, boolean zeroWithoutRetries) {
		this.title = title;
		this.members = members;
		this.instances = instances;
		this.zeroWithoutRetries = zeroWithoutRetries;
	}

	abstract void play(Stage stage);

	/**
	 * Set the stage, play, and let the load end when all is quiet again.
	 */
	List<Tally.Result> run(Proof.Options options, boolean retries) {
		try (Stage stage = new Stage(this.members, retries, options.log())) {
			return run(stage, options.rate());
		}
	}

	private List<Tally.Result> run(Stage stage, int rate) {
		try {
			List<Instance> first = stage.launch(this.instances);
			stage.awaitStarted(first);
			stage.awaitSeen(first);
			stage.begin(rate);
			stage.hold(PAUSE);
			play(stage);
			stage.hold(PAUSE);
			return stage.end();
		}
		catch (RuntimeException ex) {
			stage.sayWhatInstancesLogged();
			throw ex;
		}
	}

	/**
	 * Whether no request may fail.
	 * @param retries whether the caller retries what can be made again
	 * @param repeats whether that client's calls can
	 */
	boolean mustBeZero(boolean retries, boolean repeats) {
		return retries && repeats || this.zeroWithoutRetries;
	}

	/**
	 * The letter by which it is chosen.
	 */
	String letter() {
		return this.title.substring(1, 2);
	}

	String title() {
		return this.title;
	}

}
