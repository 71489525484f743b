package io.github.etcddiscovery.coordination.leader;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Inherited;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * A method that runs in one process only: in the leader for a role. The application
 * campaigns for the role from its start. Elsewhere the call is skipped: it returns
 * {@code null}, an empty {@code Optional}, or a publisher or future that is empty; a
 * method that returns a primitive type throws a {@link NotLeaderException}.
 * <p>
 * A parameter of type {@link io.github.etcddiscovery.coordination.FencingToken} that is
 * {@code null} is given the token of the leadership; a method with
 * {@link org.springframework.scheduling.annotation.Scheduled @Scheduled}, which has no
 * parameters, finds it by
 * {@link io.github.etcddiscovery.coordination.FencingToken#current()}.
 * <p>
 * On a class it is meant for each public method. As with all of Spring's proxies, a call
 * from within the same object is not seen.
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
	 * What becomes of a run whose leadership ends.
	 * @return what becomes of it
	 */
	OnRevoked onRevoked() default OnRevoked.AS_CONFIGURED;

}
