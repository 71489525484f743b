package io.github.etcddiscovery.sample;

import io.github.etcddiscovery.config.Live;

import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;

/**
 * Greets with what stands in etcd, also after it was changed there.
 */
@RestController
class GreetingController {

	private final Live<GreetingProperties> properties;

	GreetingController(Live<GreetingProperties> properties) {
		this.properties = properties;
	}

	/**
	 * Greets.
	 * @return the greeting that counts now
	 */
	@GetMapping("/greeting")
	String greeting() {
		return this.properties.get().greeting();
	}

	/**
	 * The configuration of the sample.
	 *
	 * @param greeting what to greet with
	 */
	@ConfigurationProperties("sample")
	record GreetingProperties(@DefaultValue("Hello") String greeting) {
	}

}
