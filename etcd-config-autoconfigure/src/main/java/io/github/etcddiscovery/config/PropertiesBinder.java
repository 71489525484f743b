package io.github.etcddiscovery.config;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;

import org.jspecify.annotations.Nullable;

import org.springframework.beans.factory.NoSuchBeanDefinitionException;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.ConfigurationPropertiesBindHandlerAdvisor;
import org.springframework.boot.context.properties.ConfigurationPropertiesBinding;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.context.properties.bind.AbstractBindHandler;
import org.springframework.boot.context.properties.bind.BindContext;
import org.springframework.boot.context.properties.bind.BindException;
import org.springframework.boot.context.properties.bind.BindHandler;
import org.springframework.boot.context.properties.bind.Bindable;
import org.springframework.boot.context.properties.bind.Bindable.BindRestriction;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.bind.PropertySourcesPlaceholdersResolver;
import org.springframework.boot.context.properties.bind.handler.IgnoreErrorsBindHandler;
import org.springframework.boot.context.properties.bind.handler.IgnoreTopLevelConverterNotFoundBindHandler;
import org.springframework.boot.context.properties.bind.handler.NoUnboundElementsBindHandler;
import org.springframework.boot.context.properties.bind.validation.BindValidationException;
import org.springframework.boot.context.properties.bind.validation.ValidationBindHandler;
import org.springframework.boot.context.properties.source.ConfigurationProperty;
import org.springframework.boot.context.properties.source.ConfigurationPropertyName;
import org.springframework.boot.context.properties.source.ConfigurationPropertySources;
import org.springframework.boot.context.properties.source.UnboundElementsSourceFilter;
import org.springframework.boot.convert.ApplicationConversionService;
import org.springframework.boot.origin.OriginProvider;
import org.springframework.boot.validation.MessageInterpolatorFactory;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.core.annotation.MergedAnnotations;
import org.springframework.core.convert.ConversionService;
import org.springframework.format.support.FormattingConversionService;
import org.springframework.util.ClassUtils;
import org.springframework.validation.Errors;
import org.springframework.validation.FieldError;
import org.springframework.validation.ObjectError;
import org.springframework.validation.Validator;
import org.springframework.validation.annotation.Validated;
import org.springframework.validation.beanvalidation.LocalValidatorFactoryBean;

/**
 * Binds and validates configuration properties as Spring Boot does, but in any view of
 * the environment. So the effect of a change is known before it is applied.
 */
final class PropertiesBinder {

	private final ConfigurableApplicationContext context;

	private final List<ConversionService> conversionServices;

	private final @Nullable Validator validator;

	private final @Nullable Validator beanValidator;

	PropertiesBinder(ConfigurableApplicationContext context) {
		this.context = context;
		this.conversionServices = conversionServices(context);
		this.validator = context.containsBean(EnableConfigurationProperties.VALIDATOR_BEAN_NAME)
				? context.getBean(EnableConfigurationProperties.VALIDATOR_BEAN_NAME, Validator.class) : null;
		this.beanValidator = ClassUtils.isPresent("jakarta.validation.bootstrap.GenericBootstrap",
				context.getClassLoader()) ? new BeanValidator(context) : null;
	}

	private static List<ConversionService> conversionServices(ConfigurableApplicationContext context) {
		try {
			return List.of(context.getBean(ConfigurableApplicationContext.CONVERSION_SERVICE_BEAN_NAME,
					ConversionService.class));
		}
		catch (NoSuchBeanDefinitionException ex) {
			List<ConversionService> services = new ArrayList<>();
			FormattingConversionService converters = new FormattingConversionService();
			Map<String, ?> beans = ApplicationConversionService.addBeans(converters, context.getBeanFactory(),
					ConfigurationPropertiesBinding.VALUE);
			if (!beans.isEmpty()) {
				services.add(converters);
			}
			if (context.getBeanFactory().getConversionService() != null) {
				services.add(context.getBeanFactory().getConversionService());
			}
			services.add(ApplicationConversionService.getSharedInstance());
			return services;
		}
	}

	/**
	 * Bind an object.
	 * @param view the environment
	 * @param annotation names the properties
	 * @param target the target of the binding
	 * @return the object
	 * @throws BindException if the properties can't be bound or are not valid
	 */
	<T> T bind(EnvironmentView view, ConfigurationProperties annotation, Bindable<T> target) {
		Binder binder = new Binder(ConfigurationPropertySources.from(view.getPropertySources()),
				new PropertySourcesPlaceholdersResolver(view.getPropertySources()), this.conversionServices,
				this.context.getBeanFactory()::copyRegisteredEditorsTo, null, null);
		return binder.bindOrCreate(annotation.prefix(), target, handler(target, annotation));
	}

	private BindHandler handler(Bindable<?> target, ConfigurationProperties annotation) {
		BindHandler handler = new DirectPropertyHandler(new IgnoreTopLevelConverterNotFoundBindHandler());
		if (annotation.ignoreInvalidFields()) {
			handler = new IgnoreErrorsBindHandler(handler);
		}
		if (!annotation.ignoreUnknownFields()) {
			handler = new NoUnboundElementsBindHandler(handler, new UnboundElementsSourceFilter());
		}
		List<Validator> validators = validators(target);
		if (!validators.isEmpty()) {
			handler = new ValidationBindHandler(handler, validators.toArray(Validator[]::new));
		}
		List<ConfigurationPropertiesBindHandlerAdvisor> advisors = this.context
			.getBeanProvider(ConfigurationPropertiesBindHandlerAdvisor.class)
			.orderedStream()
			.toList();
		for (ConfigurationPropertiesBindHandlerAdvisor advisor : advisors) {
			handler = advisor.apply(handler);
		}
		return handler;
	}

	private List<Validator> validators(Bindable<?> target) {
		List<Validator> validators = new ArrayList<>();
		Class<?> type = target.getType().resolve(Object.class);
		if (this.validator != null) {
			validators.add(this.validator);
		}
		if (this.beanValidator != null && target.getAnnotation(Validated.class) != null) {
			validators.add(new ForType(type, this.beanValidator));
		}
		if (Validator.class.isAssignableFrom(type)) {
			validators.add(new ForType(type, null));
		}
		return validators;
	}

	/**
	 * Describes the error without the value, which may be a secret.
	 */
	static String problem(RuntimeException failure) {
		String property = "";
		String type = "";
		for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
			if (cause instanceof BindValidationException invalid) {
				ObjectError error = invalid.getValidationErrors().getAllErrors().get(0);
				String name = invalid.getValidationErrors().getName().toString();
				String field = (error instanceof FieldError fieldError) ? "." + fieldError.getField() : "";
				Object origin = (error instanceof OriginProvider provider) ? provider.getOrigin() : null;
				return "'%s%s'%s is not valid: %s".formatted(name, field,
						(origin != null) ? " (%s)".formatted(origin) : "",
						Objects.requireNonNullElse(error.getDefaultMessage(), error.getCode()));
			}
			if (cause instanceof BindException bind) {
				ConfigurationProperty bound = bind.getProperty();
				property = "'%s'%s".formatted((bound != null) ? bound.getName() : bind.getName(),
						(bound != null && bound.getOrigin() != null) ? " (%s)".formatted(bound.getOrigin()) : "");
				type = " to " + ClassUtils.getShortName(bind.getTarget().getType().resolve(Object.class));
			}
		}
		return property.isEmpty() ? failure.getClass().getSimpleName()
				: "%s can't be bound%s".formatted(property, type);
	}

	/**
	 * As in Spring Boot: configuration properties are never a single property.
	 */
	private static final class DirectPropertyHandler extends AbstractBindHandler {

		DirectPropertyHandler(BindHandler parent) {
			super(parent);
		}

		@Override
		public <T> @Nullable Bindable<T> onStart(ConfigurationPropertyName name, Bindable<T> target,
				BindContext context) {
			Class<?> type = target.getType().resolve();
			return (type != null && MergedAnnotations.from(type).isPresent(ConfigurationProperties.class))
					? target.withBindRestrictions(BindRestriction.NO_DIRECT_PROPERTY) : target;
		}

	}

	private static final class BeanValidator extends LocalValidatorFactoryBean {

		BeanValidator(ConfigurableApplicationContext context) {
			setApplicationContext(context);
			setMessageInterpolator(new MessageInterpolatorFactory(context).getObject());
			afterPropertiesSet();
		}

	}

	/**
	 * Validates objects of one type with another validator, or with their own
	 * {@code validate}.
	 */
	private record ForType(Class<?> type, @Nullable Validator validator) implements Validator {

		@Override
		public boolean supports(Class<?> candidate) {
			return this.type.equals(candidate) && (this.validator == null || this.validator.supports(candidate));
		}

		@Override
		public void validate(Object target, Errors errors) {
			((this.validator != null) ? this.validator : (Validator) target).validate(target, errors);
		}

	}

}
