package io.github.etcddiscovery.config.actuate;

import java.util.Set;

import org.springframework.boot.actuate.endpoint.Show;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * The endpoint of the configuration in etcd.
 *
 * @param showValues when to show values unsanitized
 * @param roles the roles of authorized users, if values are shown when authorized
 */
@ConfigurationProperties("management.endpoint.etcdconfig")
public record EtcdConfigEndpointProperties(@DefaultValue("never") Show showValues, @DefaultValue Set<String> roles) {
}
