package io.github.etcddiscovery.autoconfigure;

import java.util.Locale;
import java.util.regex.Pattern;

import io.github.etcddiscovery.client.EtcdConnectionDetails;

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

	private final ObjectProvider<EtcdConnectionDetails> details;

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
		EtcdConnectionDetails details = this.details.getIfUnique();
		Object content = data.getValue();
		if (details == null || content == null) {
			return false;
		}
		String password = details.getPassword();
		if (password == null || password.isEmpty()) {
			return false;
		}
		String value = content.toString();
		if (!value.contains(password)) {
			return false;
		}
		return isDistinctive(password) || value.contains(details.getUsername() + ":" + password)
				|| (value.equals(password) && SECRET_NAME.matcher(data.getKey().toLowerCase(Locale.ROOT)).find());
	}

	private static boolean isDistinctive(String password) {
		return password.length() > LONGEST_WORD
				|| (password.length() >= SHORTEST && !PLAIN_WORD.matcher(password).matches());
	}

}
