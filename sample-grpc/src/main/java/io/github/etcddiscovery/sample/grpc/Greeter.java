package io.github.etcddiscovery.sample.grpc;

import com.google.protobuf.StringValue;
import io.grpc.BindableService;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.MethodDescriptor;
import io.grpc.MethodDescriptor.MethodType;
import io.grpc.ServerServiceDefinition;
import io.grpc.protobuf.ProtoUtils;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.ServerCalls;

import org.springframework.cloud.client.serviceregistry.Registration;
import org.springframework.stereotype.Component;

/**
 * Greets, and says who it is. Written by hand, so that this sample needs no compiler for
 * a {@code .proto} file; an application has generated code here.
 */
@Component
class Greeter implements BindableService {

	private static final String NAME = "sample.Greeter";

	/**
	 * It changes nothing, and says so as {@code idempotency_level} in a {@code .proto}
	 * file does: when a connection breaks, it is called again on another instance.
	 */
	private static final MethodDescriptor<StringValue, StringValue> GREET = MethodDescriptor
		.<StringValue, StringValue>newBuilder()
		.setType(MethodType.UNARY)
		.setFullMethodName(MethodDescriptor.generateFullMethodName(NAME, "Greet"))
		.setRequestMarshaller(ProtoUtils.marshaller(StringValue.getDefaultInstance()))
		.setResponseMarshaller(ProtoUtils.marshaller(StringValue.getDefaultInstance()))
		.setSafe(true)
		.build();

	private final Registration registration;

	Greeter(Registration registration) {
		this.registration = registration;
	}

	@Override
	public ServerServiceDefinition bindService() {
		return ServerServiceDefinition.builder(NAME).addMethod(GREET, ServerCalls.asyncUnaryCall((request, answers) -> {
			answers.onNext(StringValue
				.of("Hello %s, this is %s".formatted(request.getValue(), this.registration.getInstanceId())));
			answers.onCompleted();
		})).build();
	}

	static String greet(Channel channel, CallOptions options, String name) {
		return ClientCalls.blockingUnaryCall(channel, GREET, options, StringValue.of(name)).getValue();
	}

}
