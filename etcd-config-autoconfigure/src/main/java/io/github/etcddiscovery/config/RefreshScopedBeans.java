package io.github.etcddiscovery.config;

import java.lang.reflect.AnnotatedElement;
import java.lang.reflect.Constructor;
import java.lang.reflect.Executable;
import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.lang.reflect.Parameter;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import org.jspecify.annotations.Nullable;

import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.beans.factory.config.BeanDefinition;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.beans.factory.support.RootBeanDefinition;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.source.ConfigurationPropertyName;
import org.springframework.cloud.context.scope.refresh.RefreshScope;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.core.annotation.AnnotatedElementUtils;
import org.springframework.util.ClassUtils;

/**
 * The beans in refresh scope. A bean is kept if all properties that it can depend on are
 * known, and none of them has changed. Unknown dependencies are treated as changed.
 */
final class RefreshScopedBeans {

	private static final Pattern PLACEHOLDER = Pattern.compile("\\$\\{([^:}]+)");

	private static final String TARGET = "scopedTarget.";

	private final ConfigurableApplicationContext context;

	RefreshScopedBeans(ConfigurableApplicationContext context) {
		this.context = context;
	}

	/**
	 * Discard the beans that may depend on the properties, so that they are created again
	 * when they are used next.
	 * @param names the properties
	 * @param all whether to discard all beans
	 * @return how many were discarded
	 */
	int refresh(Set<ConfigurationPropertyName> names, boolean all) {
		RefreshScope scope = this.context.getBeanProvider(RefreshScope.class).getIfAvailable();
		if (scope == null) {
			return 0;
		}
		int count = 0;
		ConfigurableListableBeanFactory beanFactory = this.context.getBeanFactory();
		for (String name : beanFactory.getBeanDefinitionNames()) {
			BeanDefinition definition = beanFactory.getMergedBeanDefinition(name);
			if ("refresh".equals(definition.getScope()) && (all || isAffected(definition, names))) {
				String original = name.startsWith(TARGET) ? name.substring(TARGET.length()) : name;
				if (scope.refresh(original)) {
					count++;
				}
			}
		}
		return count;
	}

	private boolean isAffected(BeanDefinition definition, Set<ConfigurationPropertyName> names) {
		Class<?> type = definition.getResolvableType().resolve();
		if (!(definition instanceof RootBeanDefinition root) || type == null) {
			return true;
		}
		List<AnnotatedElement> points = new ArrayList<>();
		Method factory = root.getResolvedFactoryMethod();
		if (factory != null || root.getFactoryMethodName() != null) {
			// The properties that the body reads are not known
			return true;
		}
		ConfigurationProperties own = AnnotatedElementUtils.findMergedAnnotation(type, ConfigurationProperties.class);
		if (own != null && isBelow(own.prefix(), names)) {
			return true;
		}
		Class<?> user = ClassUtils.getUserClass(type);
		for (Constructor<?> constructor : user.getDeclaredConstructors()) {
			addParameters(constructor, points);
		}
		for (Class<?> level = user; level != null && level != Object.class; level = level.getSuperclass()) {
			for (Field field : level.getDeclaredFields()) {
				points.add(field);
			}
			for (Method method : level.getDeclaredMethods()) {
				if (method.isAnnotationPresent(Autowired.class) || method.isAnnotationPresent(Value.class)) {
					points.add(method);
					addParameters(method, points);
				}
			}
		}
		return points.stream().anyMatch((point) -> isAffected(point, names));
	}

	private static void addParameters(Executable executable, Collection<AnnotatedElement> points) {
		for (Parameter parameter : executable.getParameters()) {
			points.add(parameter);
		}
	}

	private static boolean isAffected(AnnotatedElement point, Set<ConfigurationPropertyName> names) {
		Value value = AnnotatedElementUtils.findMergedAnnotation(point, Value.class);
		if (value != null) {
			return !value.value().contains("${") || value.value().contains("#{") || mentions(value.value(), names);
		}
		Class<?> type = typeOf(point);
		if (type == null) {
			return false;
		}
		ConfigurationProperties properties = AnnotatedElementUtils.findMergedAnnotation(type,
				ConfigurationProperties.class);
		if (properties != null) {
			return isBelow(properties.prefix(), names);
		}
		return type.getName().startsWith("org.springframework.core.env.")
				|| type.getName().startsWith("org.springframework.context.")
				|| type.getName().startsWith("org.springframework.beans.factory.");
	}

	private static @Nullable Class<?> typeOf(AnnotatedElement point) {
		if (point instanceof Field field) {
			return field.getType();
		}
		return (point instanceof Parameter parameter) ? parameter.getType() : null;
	}

	private static boolean mentions(String text, Set<ConfigurationPropertyName> names) {
		Matcher matcher = PLACEHOLDER.matcher(text);
		while (matcher.find()) {
			ConfigurationPropertyName name = ConfigurationPropertyName.adapt(matcher.group(1).trim(), '.');
			if (names.stream().anyMatch((changed) -> name.equals(changed) || name.isAncestorOf(changed))) {
				return true;
			}
		}
		// The name is composed of other properties
		return text.indexOf("${") != text.lastIndexOf("${") && text.matches(".*\\$\\{[^}:]*\\$\\{.*");
	}

	private static boolean isBelow(String prefix, Set<ConfigurationPropertyName> names) {
		ConfigurationPropertyName parent = ConfigurationPropertyName.adapt(prefix, '.');
		return names.stream().anyMatch((name) -> parent.equals(name) || parent.isAncestorOf(name));
	}

}
