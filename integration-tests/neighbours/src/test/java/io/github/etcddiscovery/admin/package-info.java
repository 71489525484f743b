/**
 * Spring Boot Admin, which watches what is registered in etcd.
 */
@NullMarked
package io.github.etcddiscovery.admin;

import org.jspecify.annotations.NullMarked;
