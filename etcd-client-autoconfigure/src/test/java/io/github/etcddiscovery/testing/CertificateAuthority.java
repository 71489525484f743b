package io.github.etcddiscovery.testing;

import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.time.Duration;
import java.time.Instant;
import java.util.function.UnaryOperator;

import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.X509Bundle;

/**
 * Issues the certificates of a test and writes them to its directory, as PEM and as
 * stores of Java's.
 */
public final class CertificateAuthority {

	/**
	 * The password of the stores.
	 */
	public static final String STORE_PASSWORD = "changeit";

	private final Path directory;

	private final X509Bundle authority;

	private final Path certificate;

	/**
	 * Create an authority of its own.
	 * @param directory where the files go
	 * @param name its name, which is that of its file too
	 */
	public CertificateAuthority(Path directory, String name) {
		this.directory = directory;
		this.authority = build(() -> builder(name, Duration.ofDays(365)).setIsCertificateAuthority(true)
			.setKeyUsage(true, CertificateBuilder.KeyUsage.keyCertSign, CertificateBuilder.KeyUsage.cRLSign)
			.buildSelfSigned());
		this.certificate = write(name + ".pem", this.authority.getCertificatePEM());
	}

	/**
	 * The certificate of the authority.
	 * @return the PEM file
	 */
	public Path certificate() {
		return this.certificate;
	}

	/**
	 * The authority as a store to trust in.
	 * @param type the type of the store, such as JKS
	 * @return the file
	 */
	public Path trustStore(String type) {
		return store("trust", type, (store) -> {
			store.setCertificateEntry("ca", this.authority.getCertificate());
			return store;
		});
	}

	/**
	 * A server's certificate for an IP address.
	 * @param address the address
	 * @return the files
	 */
	public Issued server(String address) {
		return issue("server", "server", Duration.ofDays(365),
				(builder) -> builder.addSanIpAddress(address).addExtendedKeyUsageServerAuth());
	}

	/**
	 * A client's certificate, in files of the user's name.
	 * @param user the common name, which etcd takes for the user
	 * @param validity how long it is valid from now; one that is over if it is negative
	 * @return the files
	 */
	public Issued client(String user, Duration validity) {
		return client(user, user, validity);
	}

	/**
	 * A client's certificate.
	 * @param file the beginning of the names of its files, which are replaced
	 * @param user the common name, which etcd takes for the user
	 * @param validity how long it is valid from now; one that is over if it is negative
	 * @return the files
	 */
	public Issued client(String file, String user, Duration validity) {
		return issue(file, user, validity, CertificateBuilder::addExtendedKeyUsageClientAuth);
	}

	private Issued issue(String file, String name, Duration validity, UnaryOperator<CertificateBuilder> details) {
		X509Bundle bundle = build(() -> details.apply(builder(name, validity)).buildIssuedBy(this.authority));
		return new Issued(write(file + ".pem", bundle.getCertificatePathPEM()),
				write(file + "-key.pem", bundle.getPrivateKeyPEM()), bundle);
	}

	private static CertificateBuilder builder(String name, Duration validity) {
		Instant end = Instant.now().plus(validity);
		return new CertificateBuilder().ecp256()
			.subject("CN=" + name)
			.notBefore(end.minus(Duration.ofDays(400)))
			.notAfter(end);
	}

	private Path store(String name, String type, StoreContent content) {
		try {
			KeyStore store = KeyStore.getInstance(type);
			store.load(null, null);
			Path file = this.directory.resolve(name + "." + type.toLowerCase());
			try (OutputStream out = Files.newOutputStream(file)) {
				content.fill(store).store(out, STORE_PASSWORD.toCharArray());
			}
			return file;
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
		catch (GeneralSecurityException ex) {
			throw new IllegalStateException(ex);
		}
	}

	/**
	 * Replaces the file at once: whoever watches it never sees half of it.
	 */
	private Path write(String name, String text) {
		try {
			Path part = Files.writeString(this.directory.resolve(name + ".part"), text);
			return Files.move(part, this.directory.resolve(name), StandardCopyOption.REPLACE_EXISTING,
					StandardCopyOption.ATOMIC_MOVE);
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	private static X509Bundle build(Build build) {
		try {
			return build.run();
		}
		catch (Exception ex) {
			throw new IllegalStateException("No certificate could be made", ex);
		}
	}

	/**
	 * A certificate and its key.
	 */
	public final class Issued {

		private final Path certificate;

		private final Path key;

		private final X509Bundle bundle;

		private Issued(Path certificate, Path key, X509Bundle bundle) {
			this.certificate = certificate;
			this.key = key;
			this.bundle = bundle;
		}

		/**
		 * The certificate.
		 * @return the PEM file
		 */
		public Path certificate() {
			return this.certificate;
		}

		/**
		 * The private key.
		 * @return the PEM file
		 */
		public Path key() {
			return this.key;
		}

		/**
		 * Both, as a store.
		 * @param type the type of the store, such as JKS
		 * @return the file
		 */
		public Path keyStore(String type) {
			return store("key", type, (store) -> {
				store.setKeyEntry("key", this.bundle.getKeyPair().getPrivate(), STORE_PASSWORD.toCharArray(),
						this.bundle.getCertificatePathWithRoot());
				return store;
			});
		}

	}

	@FunctionalInterface
	private interface StoreContent {

		KeyStore fill(KeyStore store) throws GeneralSecurityException;

	}

	@FunctionalInterface
	private interface Build {

		X509Bundle run() throws Exception;

	}

}
