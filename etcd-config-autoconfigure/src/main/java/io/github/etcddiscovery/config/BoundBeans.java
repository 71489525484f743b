package io.github.etcddiscovery.config;

import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

import org.jspecify.annotations.Nullable;

import org.springframework.boot.context.properties.ConfigurationPropertiesBean;
import org.springframework.boot.context.properties.source.ConfigurationPropertyName;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.util.StringUtils;

/**
 * The beans of configuration properties of a context. Confined to the thread that applies
 * changes.
 */
final class BoundBeans {

	private final ConfigurableApplicationContext context;

	private @Nullable List<BoundBean> all;

	BoundBeans(ConfigurableApplicationContext context) {
		this.context = context;
	}

	private List<BoundBean> all() {
		List<BoundBean> all = this.all;
		if (all == null) {
			all = ConfigurationPropertiesBean.getAll(this.context)
				.values()
				.stream()
				.filter((bean) -> bean.getInstance() != null && isSingleton(bean.getName()))
				.map((bean) -> new BoundBean(bean, this.context.getBeanFactory()))
				.toList();
			this.all = all;
		}
		return all;
	}

	/**
	 * Other beans are bound when they are created; those in refresh scope are created
	 * again.
	 */
	private boolean isSingleton(String name) {
		return this.context.getBeanFactory().containsLocalBean(name)
				&& (!this.context.getBeanFactory().containsBeanDefinition(name)
						|| (this.context.getBeanFactory().getBeanDefinition(name).isSingleton()
								&& !this.context.containsBeanDefinition("scopedTarget." + name)));
	}

	/**
	 * The beans to which one of the properties belongs.
	 */
	List<BoundBean> affected(Collection<ConfigurationPropertyName> names) {
		Set<String> never = StringUtils.commaDelimitedListToSet(this.context.getEnvironment()
			.getProperty("spring.cloud.refresh.never-refreshable", "com.zaxxer.hikari.HikariDataSource"));
		return all().stream()
			.filter((bean) -> bean.isAffectedBy(names))
			.filter((bean) -> !never.contains(bean.name()) && !never.contains(bean.type().getName()))
			.toList();
	}

	/**
	 * Bind the new values of beans.
	 * @return the objects with the new values, by bean
	 * @throws RejectedException if values can't be bound or are not valid
	 */
	Map<BoundBean, @Nullable Object> bind(List<BoundBean> beans, PropertiesBinder binder, EnvironmentView view) {
		Map<BoundBean, @Nullable Object> bound = new LinkedHashMap<>();
		for (BoundBean bean : beans) {
			try {
				bound.put(bean, bean.bind(binder, view));
			}
			catch (RuntimeException ex) {
				throw new RejectedException(
						"%s, for the bean '%s'".formatted(PropertiesBinder.problem(ex), bean.name()), ex);
			}
		}
		return bound;
	}

	/**
	 * Let beans take over their new values.
	 * @param done is given each bean that has taken them over
	 * @return the number of beans
	 * @throws RejectedException if a callback of a bean failed
	 */
	int apply(Map<BoundBean, @Nullable Object> bound, Collection<BoundBean> done) {
		int count = 0;
		List<BoundBean> beans = new ArrayList<>(bound.keySet());
		for (BoundBean bean : beans) {
			if (bean.isImmutable()) {
				continue;
			}
			try {
				done.add(bean);
				bean.apply(bound.get(bean), Objects.requireNonNull(this.context.getBeanFactory()));
				count++;
			}
			catch (RuntimeException ex) {
				throw new RejectedException("the bean '%s' failed to take the change over: %s".formatted(bean.name(),
						ex.getClass().getSimpleName()), ex);
			}
		}
		return count;
	}

}
