package io.github.etcddiscovery.proof;

import java.io.PrintStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.function.Consumer;

import org.springframework.boot.DefaultApplicationArguments;

/**
 * Plays the scenarios and prints what callers have noticed. Ends with 1 if a request has
 * failed that must not.
 */
public final class Proof {

	private static final PrintStream out = System.out;

	private final Options options;

	private final List<String> rows = new ArrayList<>();

	private final List<String> failures = new ArrayList<>();

	private boolean missed;

	private Proof(Options options) {
		this.options = options;
	}

	private void run() {
		for (int i = 1; i <= this.options.repetitions(); i++) {
			for (boolean retries : this.options.retries()) {
				for (Scenario scenario : this.options.scenarios()) {
					run(scenario, retries, i);
				}
			}
		}
		report();
	}

	private void run(Scenario scenario, boolean retries, int repetition) {
		String title = "%s, retries %s".formatted(scenario.title(), (retries) ? "on" : "off");
		out.printf("%n%s, run %d of %d%n", title, repetition, this.options.repetitions());
		for (Tally.Result result : play(scenario, retries)) {
			boolean missed = scenario.mustBeZero(retries, result.repeats()) && result.failures() > 0;
			this.missed |= missed;
			String row = row(scenario, retries, result, missed);
			out.println(row);
			this.rows.add(row);
			result.kinds().forEach((kind) -> this.failures.add("%s, %s: %s".formatted(title, result.client(), kind)));
		}
	}

	/**
	 * A scenario that gets stuck, such as on an instance that does not start, is a miss
	 * too, and no reason not to play the others.
	 */
	private List<Tally.Result> play(Scenario scenario, boolean retries) {
		try {
			return scenario.run(this.options, retries);
		}
		catch (RuntimeException ex) {
			this.missed = true;
			this.failures.add("%s: not played to its end: %s".formatted(scenario.title(), ex.getMessage()));
			return List.of();
		}
	}

	private static String row(Scenario scenario, boolean retries, Tally.Result result, boolean missed) {
		return "| %s | %s | %s | %,d | %s | %,d | %,d ms | %,d ms |".formatted(scenario.title(),
				(retries) ? "on" : "off", result.client(), result.requests(),
				((missed) ? "**%,d**" : "%,d").formatted(result.failures()), result.retries(),
				result.longestGapMillis(), result.slowestMillis());
	}

	private void report() {
		out.printf("%n| Scenario | Retries | Client | Requests | Failed | Retried | Longest gap | Slowest answer |%n");
		out.println("|---|---|---|--:|--:|--:|--:|--:|");
		this.rows.forEach(out::println);
		out.println();
		this.failures.forEach(out::println);
		out.println((this.missed) ? "Missed: see above." : "Nothing has failed that must not.");
	}

	/**
	 * Run the proof.
	 * @param args {@code --scenarios=abcde}, {@code --retries=on}, {@code off} or
	 * {@code both}, {@code --rate=200} requests a second of each client,
	 * {@code --repetitions=1}
	 */
	public static void main(String[] args) {
		Locale.setDefault(Locale.ROOT);
		Proof proof = new Proof(Options.of(new DefaultApplicationArguments(args)));
		proof.run();
		System.exit((proof.missed) ? 1 : 0);
	}

	/**
	 * What to run.
	 *
	 * @param scenarios what happens
	 * @param retries whether callers retry
	 * @param rate requests a second of each client
	 * @param repetitions how often
	 * @param log where to say what happens
	 */
	record Options(List<Scenario> scenarios, List<Boolean> retries, int rate, int repetitions, Consumer<String> log) {

		private static final Set<String> NAMES = Set.of("scenarios", "retries", "rate", "repetitions");

		static Options of(DefaultApplicationArguments arguments) {
			if (!NAMES.containsAll(arguments.getOptionNames()) || !arguments.getNonOptionArgs().isEmpty()) {
				throw new IllegalArgumentException("There are the options --scenarios, --retries, --rate and "
						+ "--repetitions, and no other: " + Arrays.toString(arguments.getSourceArgs()));
			}
			String letters = value(arguments, "scenarios", "abcde");
			return new Options(
					Arrays.stream(Scenario.values()).filter((scenario) -> letters.contains(scenario.letter())).toList(),
					switch (value(arguments, "retries", "both")) {
						case "on" -> List.of(true);
						case "off" -> List.of(false);
						default -> List.of(true, false);
					}, Integer.parseInt(value(arguments, "rate", "200")),
					Integer.parseInt(value(arguments, "repetitions", "1")), out::println);
		}

		private static String value(DefaultApplicationArguments arguments, String name, String defaultValue) {
			List<String> values = arguments.getOptionValues(name);
			return (values != null && !values.isEmpty()) ? values.get(values.size() - 1) : defaultValue;
		}

	}

}
