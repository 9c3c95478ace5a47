// SPDX-License-Identifier: Apache-2.0
package io.vmmig.libvirt;

import io.vmmig.libvirt.binding.DomainControl;
import io.vmmig.libvirt.binding.HostControl;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Lets a call of several steps change things only while its caller waits: a call that has hung for minutes must not start further
 * steps. Only the step that runs at the deadline can still succeed.
 */
record WhileAwaited(Pending<?> call) {
    private static final Set<Class<?>> CHANGING = Set.of(HostControl.class, DomainControl.class);

    /** The connection, for that call. */
    static HostControl of(HostControl real, Pending<?> call) {
        return new WhileAwaited(call).over(HostControl.class, real);
    }

    private <T> T over(Class<T> type, T real) {
        return type.cast(Proxy.newProxyInstance(
                WhileAwaited.class.getClassLoader(),
                new Class<?>[] {type},
                (proxy, method, arguments) -> pass(real, method, arguments)));
    }

    private @Nullable Object pass(Object real, Method method, @Nullable Object @Nullable [] arguments)
            throws Throwable {
        boolean changing = CHANGING.contains(method.getDeclaringClass())
                && !method.getName().equals("close");
        if (changing) {
            call.requireAwaited();
        }
        Object result;
        try {
            result = method.invoke(real, arguments);
        } catch (InvocationTargetException e) {
            throw e.getTargetException();
        }
        if (changing) {
            call.changed();
        }
        return result instanceof DomainControl domain ? over(DomainControl.class, domain) : result;
    }
}
