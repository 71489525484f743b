package io.github.etcddiscovery.autoconfigure;

import java.time.Duration;
import java.util.Locale;
import java.util.regex.Pattern;

import io.github.etcddiscovery.client.EtcdConnectionDetails;
import org.jspecify.annotations.Nullable;

import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.actuate.endpoint.SanitizableData;
import org.springframework.boot.actuate.endpoint.SanitizingFunction;

/**
 * Hides etcd's password in the actuator's endpoints: under the name of our property, and
 * wherever else its value appears, such as in a variable that a placeholder refers to. A
 * password that is also an ordinary word, such as {@code root}, is only hidden in
 * properties whose name suggests a secret, or behind the user's name.
 */
final class PasswordSanitizer implements SanitizingFunction {

	private static final Pattern SECRET_NAME = Pattern.compile("pass|pwd|secret|token|credential|key|auth");

	private static final Pattern PLAIN_WORD = Pattern.compile("[a-z]*|[A-Z]*|[0-9]*");

	private static final int SHORTEST = 6;

	private static final int LONGEST_WORD = 11;

	private static final Duration KEPT = Duration.ofSeconds(1);

	private final ObjectProvider<EtcdConnectionDetails> details;

	private volatile @Nullable Login last;

	PasswordSanitizer(ObjectProvider<EtcdConnectionDetails> details) {
		this.details = details;
	}

	@Override
	public SanitizableData apply(SanitizableData data) {
		return (isPassword(data.getLowerCaseKey()) || holdsPassword(data)) ? data.withSanitizedValue() : data;
	}

	/**
	 * Whether a key is that of the password, in any notation, such as that of an
	 * environment variable.
	 */
	private static boolean isPassword(String key) {
		return key.replaceAll("[^a-z]", "").equals("springcloudetcdpassword");
	}

	private boolean holdsPassword(SanitizableData data) {
		Object content = data.getValue();
		if (content == null) {
			return false;
		}
		Login login = login(data.getPropertySource() == null);
		String password = login.password();
		if (password == null || password.isEmpty()) {
			return false;
		}
		String value = content.toString();
		if (!value.contains(password)) {
			return false;
		}
		return isDistinctive(password) || value.contains(login.username() + ":" + password)
				|| (value.equals(password) && SECRET_NAME.matcher(data.getKey().toLowerCase(Locale.ROOT)).find());
	}

	/**
	 * The properties are bound for it, which is too much for each of the ten thousands of
	 * values of instances that an endpoint may show. Where a value comes from a property,
	 * the password may come from there, too, and may just have changed.
	 */
	private Login login(boolean kept) {
		Login login = this.last;
		if (login == null || !kept || System.nanoTime() - login.at() > KEPT.toNanos()) {
			EtcdConnectionDetails details = this.details.getIfUnique();
			login = (details != null) ? new Login(System.nanoTime(), details.getUsername(), details.getPassword())
					: new Login(System.nanoTime(), null, null);
			this.last = login;
		}
		return login;
	}

	private static boolean isDistinctive(String password) {
		return password.length() > LONGEST_WORD
				|| (password.length() >= SHORTEST && !PLAIN_WORD.matcher(password).matches());
	}

	/**
	 * What the details have said a moment ago.
	 */
	private record Login(long at, @Nullable String username, @Nullable String password) {

		@Override
		public String toString() {
			return "Login of " + this.username;
		}

	}

}
