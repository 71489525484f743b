package io.github.etcddiscovery.test;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Inherited;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * Gives a test with a Spring context an etcd of its own, which is there before the
 * context is: {@code spring.config.import=etcd:} reads from it, and so does everything
 * else. It is the {@code etcd} of the path, or of the environment variable
 * {@code ETCD_EXECUTABLE}, or else a container. Tests with the same keys share it, as
 * they share the context.
 */
@Target(ElementType.TYPE)
@Retention(RetentionPolicy.RUNTIME)
@Documented
@Inherited
public @interface EtcdTest {

	/**
	 * What stands in etcd when a test class begins, such as {@code config/shop/limit=5}.
	 * Other keys are deleted then.
	 * @return keys and values, each pair joined by an equals sign
	 */
	String[] keys() default {};

	/**
	 * The image of the container, where there is no executable.
	 * @return the name of the image
	 */
	String image() default "gcr.io/etcd-development/etcd:v3.5.30";

}
