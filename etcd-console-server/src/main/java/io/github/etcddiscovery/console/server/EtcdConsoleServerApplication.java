package io.github.etcddiscovery.console.server;

import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.context.annotation.Bean;
import org.springframework.core.env.Environment;
import org.springframework.security.config.Customizer;
import org.springframework.security.config.annotation.web.builders.HttpSecurity;
import org.springframework.security.config.annotation.web.configurers.CsrfConfigurer;
import org.springframework.security.web.SecurityFilterChain;
import org.springframework.web.servlet.config.annotation.ViewControllerRegistry;
import org.springframework.web.servlet.config.annotation.WebMvcConfigurer;

/**
 * The console as an application of its own, which registers nothing. It listens on the
 * loopback interface. On other addresses it requires a login,
 * {@code spring.security.user.name} and {@code .password}, unless
 * {@code etcd.console.server.allow-anonymous} is {@code true}.
 */
@SpringBootApplication(proxyBeanMethods = false)
public class EtcdConsoleServerApplication {

	static final String PASSWORD = "spring.security.user.password";

	@Bean
	OpenServerCheck openServerCheck(Environment environment) {
		return new OpenServerCheck(environment);
	}

	@Bean
	SecurityFilterChain consoleSecurity(HttpSecurity http, Environment environment) throws Exception {
		if (environment.containsProperty(PASSWORD)) {
			http.authorizeHttpRequests(
					(requests) -> requests.requestMatchers("/actuator/health").permitAll().anyRequest().authenticated())
				.httpBasic(Customizer.withDefaults())
				.formLogin(Customizer.withDefaults());
		}
		else {
			http.authorizeHttpRequests((requests) -> requests.anyRequest().permitAll());
		}
		return http.csrf(CsrfConfigurer::spa).build();
	}

	@Bean
	WebMvcConfigurer consoleAtTheRoot() {
		return new WebMvcConfigurer() {

			@Override
			public void addViewControllers(ViewControllerRegistry registry) {
				registry.addRedirectViewController("/", "/actuator/etcdconsole");
			}

		};
	}

	public static void main(String[] args) {
		SpringApplication.run(EtcdConsoleServerApplication.class, args);
	}

}
