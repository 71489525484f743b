package io.github.etcddiscovery.coordination.leader;

import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.Collection;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

import org.springframework.aop.framework.autoproxy.AbstractBeanFactoryAwareAdvisingPostProcessor;
import org.springframework.aop.support.AopUtils;
import org.springframework.aop.support.DefaultPointcutAdvisor;
import org.springframework.aop.support.StaticMethodMatcherPointcut;
import org.springframework.beans.factory.BeanFactory;
import org.springframework.beans.factory.config.ConfigurableBeanFactory;
import org.springframework.core.annotation.AnnotatedElementUtils;

/**
 * Applies {@link LeaderOnly} to methods of beans, and collects their roles.
 */
@SuppressWarnings("serial")
public final class LeaderOnlyPostProcessor extends AbstractBeanFactoryAwareAdvisingPostProcessor {

	private final Set<String> roles = ConcurrentHashMap.newKeySet();

	/**
	 * Create a post-processor.
	 * @param proxyTargetClass whether proxies extend the class of the bean
	 */
	public LeaderOnlyPostProcessor(boolean proxyTargetClass) {
		setProxyTargetClass(proxyTargetClass);
		// Before transactions and the like; what makes calls asynchronous comes later,
		// and so is further outside
		setBeforeExistingAdvisors(true);
		setOrder(LOWEST_PRECEDENCE - 10);
	}

	@Override
	public void setBeanFactory(BeanFactory beanFactory) {
		super.setBeanFactory(beanFactory);
		this.advisor = new DefaultPointcutAdvisor(new Pointcut(beanFactory), new LeaderOnlyInterceptor(
				() -> beanFactory.getBean(Elections.class), (text) -> resolve(beanFactory, text)));
	}

	/**
	 * The roles of the methods found so far.
	 * @return the roles
	 */
	public Collection<String> roles() {
		return Set.copyOf(this.roles);
	}

	private static String resolve(BeanFactory beanFactory, String text) {
		String resolved = (beanFactory instanceof ConfigurableBeanFactory factory) ? factory.resolveEmbeddedValue(text)
				: text;
		return (resolved != null) ? resolved : text;
	}

	/**
	 * Called for each method of each bean, when the bean is created.
	 */
	private final class Pointcut extends StaticMethodMatcherPointcut {

		private final BeanFactory beanFactory;

		Pointcut(BeanFactory beanFactory) {
			this.beanFactory = beanFactory;
		}

		/**
		 * A proxy that implements interfaces can guard a final method.
		 */
		private boolean canBeGuarded(Method method) {
			int modifiers = method.getModifiers();
			boolean open = !Modifier.isFinal(modifiers) || !isProxyTargetClass();
			return open && !Modifier.isPrivate(modifiers) && !Modifier.isStatic(modifiers);
		}

		@Override
		public boolean matches(Method method, Class<?> targetClass) {
			if (method.getDeclaringClass() == Object.class) {
				return false;
			}
			Method specific = AopUtils.getMostSpecificMethod(method, targetClass);
			LeaderOnly annotation = LeaderOnlyInterceptor.find(specific, targetClass);
			if (annotation == null) {
				return false;
			}
			String role = resolve(this.beanFactory, annotation.value());
			if (role.isBlank()) {
				throw new IllegalStateException("@LeaderOnly needs a role: " + specific);
			}
			if (AnnotatedElementUtils.hasAnnotation(specific, LeaderOnly.class) && !canBeGuarded(specific)) {
				throw new IllegalStateException("@LeaderOnly can't guard a method that is private, static or final, "
						+ "which would run in every process: " + specific);
			}
			LeaderOnlyPostProcessor.this.roles.add(role);
			return true;
		}

	}

}
