# shellcheck shell=bash
# A browser, for the tests of the console.

have_browser() {
	{ have chromium || have chromium-browser || have google-chrome; } && have chromedriver
}

# Finds Chromium with its ChromeDriver on the PATH, or installs Debian's. It is possible to do without.
find_browser() {
	if ! have_browser && have apt-get; then
		apt_install chromium chromium-driver || true
	fi
	have_browser || not_tested "the console in a browser" "there is no chromium with a chromedriver on the PATH"
}
