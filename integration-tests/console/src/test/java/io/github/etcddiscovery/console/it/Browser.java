package io.github.etcddiscovery.console.it;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.openqa.selenium.By;
import org.openqa.selenium.Dimension;
import org.openqa.selenium.JavascriptExecutor;
import org.openqa.selenium.OutputType;
import org.openqa.selenium.Point;
import org.openqa.selenium.StaleElementReferenceException;
import org.openqa.selenium.WebElement;
import org.openqa.selenium.chrome.ChromeDriver;
import org.openqa.selenium.chrome.ChromeDriverService;
import org.openqa.selenium.chrome.ChromeOptions;
import org.openqa.selenium.interactions.Actions;

import org.springframework.util.FileSystemUtils;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * A Chromium without a window, one for all tests. Where there is none, the tests are
 * skipped and say so.
 */
final class Browser implements BeforeAllCallback {

	private @Nullable ChromeDriver driver;

	@Override
	public void beforeAll(ExtensionContext context) {
		this.driver = context.getRoot()
			.getStore(ExtensionContext.Namespace.create(Browser.class))
			.computeIfAbsent(Chromium.class, (type) -> Chromium.start(), Chromium.class)
			.driver();
		size(1280, 900);
		scheme("light");
	}

	private static Optional<File> executable(String... names) {
		return Stream.of(names)
			.flatMap((name) -> Stream.of(System.getenv("PATH").split(File.pathSeparator))
				.map((directory) -> new File(directory, name)))
			.filter(File::canExecute)
			.findFirst();
	}

	private ChromeDriver driver() {
		if (this.driver == null) {
			throw new IllegalStateException("The browser has not been started");
		}
		return this.driver;
	}

	/**
	 * Load a page anew, and take note of what the policy refuses.
	 */
	void open(String url) {
		driver().get("about:blank");
		driver().executeCdpCommand("Page.enable", Map.of());
		driver().executeCdpCommand("Page.addScriptToEvaluateOnNewDocument", Map
			.of("source", "window.violations = window.violations || []; addEventListener('securitypolicyviolation', "
					+ "(event) => violations.push(event.violatedDirective + ' ' + event.blockedURI + ' ' + event.sample)); "
					+ "addEventListener('error', (event) => violations.push('error ' + event.message)); "
					+ "addEventListener('unhandledrejection', (event) => violations.push('rejection ' + event.reason));"));
		driver().get(url);
	}

	/**
	 * What the policy has refused since the page was loaded, and errors of its scripts.
	 */
	List<?> violations() {
		return (List<?>) run("return window.violations");
	}

	void go(String hash) {
		run("location.hash = arguments[0]", hash);
	}

	Object run(String script, Object... arguments) {
		return ((JavascriptExecutor) driver()).executeScript(script, arguments);
	}

	Object runAsync(String script, Object... arguments) {
		return ((JavascriptExecutor) driver()).executeAsyncScript(script, arguments);
	}

	WebElement find(String selector) {
		return driver().findElement(By.cssSelector(selector));
	}

	List<WebElement> findAll(String selector) {
		return driver().findElements(By.cssSelector(selector));
	}

	/**
	 * Press keys where the focus is.
	 */
	void press(CharSequence keys) {
		new Actions(driver()).sendKeys(keys).perform();
	}

	String url() {
		return String.valueOf(driver().getCurrentUrl());
	}

	WebElement focused() {
		return driver().switchTo().activeElement();
	}

	/**
	 * The text of the page, as it is seen.
	 */
	String text() {
		return find("body").getText();
	}

	String text(String selector) {
		return String.join("\n", findAll(selector).stream().map(WebElement::getText).toList());
	}

	void awaitText(String selector, String text) {
		await().untilAsserted(() -> assertThat(text(selector)).contains(text));
	}

	void awaitGone(String selector, String text) {
		await().untilAsserted(() -> assertThat(text(selector)).doesNotContain(text));
	}

	static ConditionFactory await() {
		return Awaitility.await()
			.atMost(Duration.ofSeconds(30))
			.pollInterval(Duration.ofMillis(50))
			.ignoreException(StaleElementReferenceException.class);
	}

	void size(int width, int height) {
		driver().manage().window().setPosition(new Point(0, 0));
		driver().executeCdpCommand("Emulation.setDeviceMetricsOverride",
				Map.of("width", width, "height", height, "deviceScaleFactor", 1, "mobile", false));
		driver().manage().window().setSize(new Dimension(width, height));
	}

	void scheme(String scheme) {
		driver().executeCdpCommand("Emulation.setEmulatedMedia",
				Map.of("features", List.of(Map.of("name", "prefers-color-scheme", "value", scheme))));
	}

	void login(String user, String password) {
		String credentials = user + ":" + password;
		sendHeaders(Map.of("Authorization",
				"Basic " + Base64.getEncoder().encodeToString(credentials.getBytes(StandardCharsets.UTF_8))));
	}

	void logout() {
		sendHeaders(Map.of());
		driver().manage().deleteAllCookies();
	}

	private void sendHeaders(Map<String, String> headers) {
		driver().executeCdpCommand("Network.enable", Map.of());
		driver().executeCdpCommand("Network.setExtraHTTPHeaders", Map.of("headers", headers));
	}

	Object cdp(String command, Map<String, Object> parameters) {
		return driver().executeCdpCommand(command, parameters);
	}

	Path screenshot(Path file) {
		try {
			Files.createDirectories(file.getParent());
			return Files.write(file, driver().getScreenshotAs(OutputType.BYTES));
		}
		catch (IOException ex) {
			throw new IllegalStateException(ex);
		}
	}

	/**
	 * The process.
	 */
	private record Chromium(ChromeDriver driver, Path profile) implements AutoCloseable {

		static Chromium start() {
			Optional<File> chromium = executable("chromium", "chromium-browser", "google-chrome");
			Optional<File> chromedriver = executable("chromedriver");
			boolean present = chromium.isPresent() && chromedriver.isPresent();
			if (!present && Boolean.getBoolean("browser.required")) {
				throw new IllegalStateException("There is no chromium with a chromedriver on the PATH");
			}
			Assumptions.assumeTrue(present,
					"NOT TESTED: the console in a browser. There is no chromium with a chromedriver on the PATH: script/test installs them");
			Path profile = temporary();
			ChromeOptions options = new ChromeOptions();
			options.setBinary(chromium.orElseThrow());
			options.addArguments("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
					"--disable-background-networking", "--disable-component-update", "--disable-sync",
					"--disable-dev-shm-usage", "--hide-scrollbars", "--force-device-scale-factor=1", "--lang=en-GB",
					"--user-data-dir=" + profile);
			ChromeDriverService service = new ChromeDriverService.Builder()
				.usingDriverExecutable(chromedriver.orElseThrow())
				.usingAnyFreePort()
				.build();
			ChromeDriver driver = new ChromeDriver(service, options);
			driver.manage().timeouts().scriptTimeout(Duration.ofSeconds(60));
			return new Chromium(driver, profile);
		}

		private static Path temporary() {
			try {
				return Files.createTempDirectory("console-browser");
			}
			catch (IOException ex) {
				throw new UncheckedIOException(ex);
			}
		}

		@Override
		public void close() throws IOException {
			this.driver.quit();
			FileSystemUtils.deleteRecursively(this.profile);
		}

	}

}
