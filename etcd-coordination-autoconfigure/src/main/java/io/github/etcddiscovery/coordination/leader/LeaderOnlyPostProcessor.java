package io.github.etcddiscovery.coordination.leader;

import java.lang.reflect.Method;
import java.util.Collection;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

import org.springframework.aop.framework.autoproxy.AbstractBeanFactoryAwareAdvisingPostProcessor;
import org.springframework.aop.support.AopUtils;
import org.springframework.aop.support.DefaultPointcutAdvisor;
import org.springframework.aop.support.StaticMethodMatcherPointcut;
import org.springframework.beans.factory.BeanFactory;
import org.springframework.beans.factory.config.ConfigurableBeanFactory;

/**
 * Makes methods with {@link LeaderOnly} run only in the leader, and knows their roles.
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
	 * The roles of the methods that were found so far.
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
	 * Asked about each method of each bean, when the bean is made.
	 */
	private final class Pointcut extends StaticMethodMatcherPointcut {

		private final BeanFactory beanFactory;

		Pointcut(BeanFactory beanFactory) {
			this.beanFactory = beanFactory;
		}

		@Override
		public boolean matches(Method method, Class<?> targetClass) {
			if (method.getDeclaringClass() == Object.class) {
				return false;
			}
			LeaderOnly annotation = LeaderOnlyInterceptor.find(AopUtils.getMostSpecificMethod(method, targetClass),
					targetClass);
			if (annotation != null) {
				LeaderOnlyPostProcessor.this.roles.add(resolve(this.beanFactory, annotation.value()));
			}
			return annotation != null;
		}

	}

}
