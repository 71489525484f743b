package io.github.etcddiscovery.test;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Inherited;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * Gives a test with a Spring context an etcd of its own. It runs before the context is
 * created, so {@code spring.config.import=etcd:} reads from it as well. The etcd is a
 * process of the {@code etcd} on the path or of the environment variable
 * {@code ETCD_EXECUTABLE}, or else a container. Tests with the same keys share the etcd,
 * as they share the context.
 */
@Target(ElementType.TYPE)
@Retention(RetentionPolicy.RUNTIME)
@Documented
@Inherited
public @interface EtcdTest {

	/**
	 * The keys in etcd when a test class begins, such as {@code config/shop/limit=5}. All
	 * other keys are deleted.
	 * @return keys and values, each pair joined by an equals sign
	 */
	String[] keys() default {};

	/**
	 * The image of the container, used if there is no executable.
	 * @return the name of the image
	 */
	String image() default "gcr.io/etcd-development/etcd:v3.5.30";

}
