package io.github.etcddiscovery.coordination.leader;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Inherited;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * A method that runs only in the process that leads a role. The application campaigns for
 * the role from its start. In other processes, calls are skipped: they return
 * {@code null}, an empty {@code Optional}, or an empty publisher or future. A method with
 * a primitive return type throws a {@link NotLeaderException}.
 * <p>
 * If an argument of type {@link io.github.etcddiscovery.coordination.FencingToken} is
 * {@code null}, it is replaced by the token of the leadership. A
 * {@link org.springframework.scheduling.annotation.Scheduled @Scheduled} method has no
 * parameters and calls
 * {@link io.github.etcddiscovery.coordination.FencingToken#current()} instead.
 * <p>
 * On a class, it applies to each public method. As with all of Spring's proxies, a call
 * from within the same object is not intercepted.
 */
@Target({ ElementType.METHOD, ElementType.TYPE })
@Retention(RetentionPolicy.RUNTIME)
@Inherited
@Documented
public @interface LeaderOnly {

	/**
	 * The role. Placeholders are resolved.
	 * @return the role
	 */
	String value();

	/**
	 * What happens to a running call when the leadership ends.
	 * @return the consequence
	 */
	OnRevoked onRevoked() default OnRevoked.AS_CONFIGURED;

}
