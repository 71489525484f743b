package io.github.etcddiscovery.autoconfigure;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

import org.springframework.boot.autoconfigure.condition.ConditionalOnBooleanProperty;
import org.springframework.cloud.client.ConditionalOnDiscoveryEnabled;

/**
 * Matches unless discovery is disabled, in general or for etcd.
 */
@Target({ ElementType.TYPE, ElementType.METHOD })
@Retention(RetentionPolicy.RUNTIME)
@Documented
@ConditionalOnDiscoveryEnabled
@ConditionalOnBooleanProperty(name = { "spring.cloud.etcd.enabled", "spring.cloud.etcd.discovery.enabled" },
		matchIfMissing = true)
@interface ConditionalOnEtcdDiscoveryEnabled {

}
