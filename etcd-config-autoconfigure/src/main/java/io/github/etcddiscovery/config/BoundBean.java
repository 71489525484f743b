package io.github.etcddiscovery.config;

import java.beans.PropertyDescriptor;
import java.lang.annotation.Annotation;
import java.lang.reflect.AnnotatedElement;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

import org.jspecify.annotations.Nullable;

import org.springframework.aop.framework.AopProxyUtils;
import org.springframework.aop.support.AopUtils;
import org.springframework.beans.BeanUtils;
import org.springframework.beans.BeanWrapper;
import org.springframework.beans.BeanWrapperImpl;
import org.springframework.beans.factory.DisposableBean;
import org.springframework.beans.factory.InitializingBean;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.beans.factory.support.AbstractBeanDefinition;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.ConfigurationPropertiesBean;
import org.springframework.boot.context.properties.bind.BindMethod;
import org.springframework.boot.context.properties.bind.Bindable;
import org.springframework.boot.context.properties.source.ConfigurationPropertyName;
import org.springframework.util.ClassUtils;

/**
 * A bean of configuration properties that can take over a change. The new values are
 * bound to a fresh object, from which the properties are copied one by one. So no
 * property is ever without a value meanwhile, as it is when Spring Cloud rebinds a bean.
 * A reader of two related properties may still see one old and one new value;
 * {@link Live} prevents that.
 */
final class BoundBean {

	private static final Set<String> LIFECYCLE = Set.of("jakarta.annotation.PostConstruct",
			"jakarta.annotation.PreDestroy", "javax.annotation.PostConstruct", "javax.annotation.PreDestroy");

	private final String name;

	private final Object instance;

	private final ConfigurationProperties annotation;

	private final ConfigurationPropertyName prefix;

	private final Bindable<?> target;

	private final boolean lifecycle;

	BoundBean(ConfigurationPropertiesBean bean, ConfigurableListableBeanFactory beanFactory) {
		this.name = bean.getName();
		Object instance = Objects.requireNonNull(bean.getInstance());
		Object inner = AopUtils.isAopProxy(instance) ? AopProxyUtils.getSingletonTarget(instance) : null;
		this.instance = (inner != null) ? inner : instance;
		this.annotation = bean.getAnnotation();
		this.prefix = ConfigurationPropertyName.adapt(bean.getAnnotation().prefix(), '.');
		this.target = bean.asBindTarget();
		this.lifecycle = hasLifecycle(beanFactory);
	}

	String name() {
		return this.name;
	}

	Class<?> type() {
		return AopUtils.getTargetClass(this.instance);
	}

	/**
	 * Whether one of the properties belongs to this bean.
	 */
	boolean isAffectedBy(Collection<ConfigurationPropertyName> names) {
		return names.stream().anyMatch((name) -> this.prefix.equals(name) || this.prefix.isAncestorOf(name));
	}

	/**
	 * Whether the bean is bound by its constructor, so it can't change.
	 */
	boolean isImmutable() {
		return this.target.getBindMethod() == BindMethod.VALUE_OBJECT;
	}

	/**
	 * Bind the new values to a fresh object.
	 * @return the object, or {@code null} if the class can't be instantiated
	 * @throws RuntimeException if the values can't be bound or are not valid
	 */
	@Nullable Object bind(PropertiesBinder binder, EnvironmentView view) {
		if (isImmutable()) {
			return binder.bind(view, this.annotation, this.target);
		}
		Class<?> type = type();
		if (Arrays.stream(type.getDeclaredConstructors()).noneMatch((c) -> c.getParameterCount() == 0)) {
			return null;
		}
		Object fresh = BeanUtils.instantiateClass(type);
		return binder.bind(view, this.annotation, freshTarget(fresh));
	}

	private Bindable<Object> freshTarget(Object fresh) {
		return Bindable.<Object>of(this.target.getType())
			.withAnnotations(this.target.getAnnotations())
			.withExistingValue(fresh);
	}

	/**
	 * Take over new values.
	 * @param fresh the object with the new values, if there is one
	 */
	void apply(@Nullable Object fresh, ConfigurableListableBeanFactory beanFactory) {
		boolean again = this.lifecycle || fresh == null;
		if (again) {
			beanFactory.destroyBean(this.name, this.instance);
		}
		if (fresh != null) {
			copy(fresh, this.instance, Collections.newSetFromMap(new IdentityHashMap<>()));
		}
		if (again) {
			// Binds it as well
			beanFactory.initializeBean(this.instance, this.name);
		}
	}

	/**
	 * A bean with callbacks, or with properties that can't be copied, is initialized
	 * again.
	 */
	private boolean hasLifecycle(ConfigurableListableBeanFactory beanFactory) {
		if (this.instance instanceof InitializingBean || this.instance instanceof DisposableBean
				|| this.instance instanceof AutoCloseable) {
			return true;
		}
		if (beanFactory.containsBeanDefinition(this.name)
				&& beanFactory.getMergedBeanDefinition(this.name) instanceof AbstractBeanDefinition definition
				&& definition.getInitMethodName() != null) {
			return true;
		}
		for (Class<?> type = type(); type != null && type != Object.class; type = type.getSuperclass()) {
			if (Arrays.stream(type.getDeclaredMethods()).anyMatch(BoundBean::isCallback)) {
				return true;
			}
		}
		return Arrays.stream(BeanUtils.getPropertyDescriptors(type()))
			.anyMatch((property) -> property.getWriteMethod() != null && property.getReadMethod() == null);
	}

	private static boolean isCallback(AnnotatedElement method) {
		return Arrays.stream(method.getAnnotations())
			.map(Annotation::annotationType)
			.map(Class::getName)
			.anyMatch(LIFECYCLE::contains);
	}

	private static void copy(Object from, Object to, Set<Object> visited) {
		if (!visited.add(to)) {
			return;
		}
		BeanWrapper source = new BeanWrapperImpl(from);
		BeanWrapper target = new BeanWrapperImpl(to);
		for (PropertyDescriptor property : target.getPropertyDescriptors()) {
			String name = property.getName();
			if (property.getReadMethod() == null || name.equals("class")) {
				continue;
			}
			Object next = source.getPropertyValue(name);
			Object last = target.getPropertyValue(name);
			if (Objects.equals(next, last)) {
				continue;
			}
			if (property.getWriteMethod() != null) {
				target.setPropertyValue(name, next);
			}
			else if (last != null && next != null) {
				copyInto(next, last, visited);
			}
		}
	}

	@SuppressWarnings("unchecked")
	private static void copyInto(Object next, Object last, Set<Object> visited) {
		if (last instanceof Map<?, ?> && next instanceof Map<?, ?> map) {
			Map<Object, Object> target = (Map<Object, Object>) last;
			target.putAll(map);
			target.keySet().retainAll(map.keySet());
		}
		else if (last instanceof Collection<?> && next instanceof Collection<?> collection) {
			Collection<Object> target = (Collection<Object>) last;
			List<Object> elements = new ArrayList<>(collection);
			target.clear();
			target.addAll(elements);
		}
		else if (!ClassUtils.isPrimitiveOrWrapper(last.getClass()) && !BeanUtils.isSimpleValueType(last.getClass())
				&& last.getClass().getClassLoader() != null && last.getClass() == next.getClass()) {
			copy(next, last, visited);
		}
	}

}
