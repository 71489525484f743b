package io.github.etcddiscovery.benchmarks;

import java.io.PrintStream;
import java.lang.management.ManagementFactory;
import java.util.stream.Stream;

import com.sun.management.OperatingSystemMXBean;

import org.springframework.boot.SpringBootConfiguration;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.builder.SpringApplicationBuilder;

/**
 * An application that says what its start took, and ends. It runs with and without this
 * starter on its class path.
 */
@SpringBootConfiguration(proxyBeanMethods = false)
@EnableAutoConfiguration
public class StartUp {

	private static final PrintStream out = System.out;

	/**
	 * Start and print the milliseconds since the start of the process, those of processor
	 * time, and the number of threads.
	 * @param args properties
	 */
	public static void main(String[] args) {
		new SpringApplicationBuilder(StartUp.class).run(Stream
			.concat(Stream.of("--spring.application.name=start", "--server.port=0", "--logging.level.root=error",
					"--spring.main.log-startup-info=false", "--spring.main.banner-mode=off"), Stream.of(args))
			.toArray(String[]::new));
		long wall = System.currentTimeMillis() - ManagementFactory.getRuntimeMXBean().getStartTime();
		long processor = ((OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean()).getProcessCpuTime();
		out.printf("%d %d %d%n", wall, processor / 1_000_000, ManagementFactory.getThreadMXBean().getThreadCount());
		out.flush();
		Runtime.getRuntime().halt(0);
	}

}
