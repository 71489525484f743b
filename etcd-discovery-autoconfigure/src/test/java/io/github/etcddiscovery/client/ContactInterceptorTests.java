package io.github.etcddiscovery.client;

import java.util.concurrent.atomic.AtomicLong;

import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor.MethodType;
import io.grpc.Status;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for {@link ContactInterceptor}.
 */
class ContactInterceptorTests {

	// Monotonic readings may be negative
	private final AtomicLong now = new AtomicLong(-1000);

	private final FakeChannel channel = new FakeChannel();

	private final ContactInterceptor contact = new ContactInterceptor(this.now::get);

	@Test
	void isInContactAsLongAsNothingIsAsked() {
		this.now.addAndGet(1_000_000);
		assertThat(this.contact.lostForNanos()).isZero();
	}

	@Test
	void losesContactWithTheFirstRequestThatWaitsForItsAnswer() {
		FakeChannel.Call first = call();
		assertThat(this.contact.lostForNanos()).as("nothing was asked yet").isZero();
		ask();
		this.now.addAndGet(300);
		ask();
		this.now.addAndGet(400);
		assertThat(this.contact.lostForNanos()).isEqualTo(700);
		first.message();
		assertThat(this.contact.lostForNanos()).isZero();
	}

	@ParameterizedTest
	@EnumSource(value = Status.Code.class, names = { "UNAVAILABLE", "DEADLINE_EXCEEDED" })
	void losesContactWithTheFirstCallThatGotNoAnswer(Status.Code code) {
		call().close(code.toStatus());
		this.now.addAndGet(300);
		call().close(code.toStatus());
		this.now.addAndGet(400);
		assertThat(this.contact.lostForNanos()).isEqualTo(700);
	}

	@ParameterizedTest
	@EnumSource(value = Status.Code.class, names = { "UNAVAILABLE", "DEADLINE_EXCEEDED" },
			mode = EnumSource.Mode.EXCLUDE)
	void losesNoContactWithACallThatEtcdAnsweredOrThatWasGivenUp(Status.Code code) {
		call().close(code.toStatus());
		this.now.addAndGet(300);
		assertThat(this.contact.lostForNanos()).isZero();
	}

	@Test
	void isInContactAgainWithTheNextMessage() {
		call().close(Status.UNAVAILABLE);
		this.now.addAndGet(300);
		FakeChannel.Call call = call();
		assertThat(this.contact.lostForNanos()).as("asking is not being answered").isEqualTo(300);
		call.message();
		assertThat(this.contact.lostForNanos()).isZero();
		this.now.addAndGet(300);
		assertThat(this.contact.lostForNanos()).isZero();
	}

	@ParameterizedTest
	@EnumSource(value = Status.Code.class, names = { "PERMISSION_DENIED", "UNAUTHENTICATED", "NOT_FOUND" })
	void isInContactAgainWithTheNextRefusal(Status.Code code) {
		ask();
		this.now.addAndGet(300);
		ask().close(code.toStatus());
		assertThat(this.contact.lostForNanos()).isZero();
	}

	@Test
	void isNotInContactAgainWhenACallIsGivenUp() {
		FakeChannel.Call call = ask();
		this.now.addAndGet(300);
		call.close(Status.CANCELLED);
		assertThat(this.contact.lostForNanos()).isEqualTo(300);
	}

	private FakeChannel.Call ask() {
		intercepted().sendMessage("");
		return this.channel.last();
	}

	private FakeChannel.Call call() {
		intercepted();
		return this.channel.last();
	}

	private ClientCall<String, String> intercepted() {
		ClientCall<String, String> call = this.contact.interceptCall(
				FakeChannel.method("etcdserverpb.KV/Range", MethodType.UNARY), CallOptions.DEFAULT, this.channel);
		call.start(new ClientCall.Listener<>() {
		}, new Metadata());
		return call;
	}

}
