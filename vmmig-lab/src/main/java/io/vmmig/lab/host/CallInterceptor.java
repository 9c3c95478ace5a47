// SPDX-License-Identifier: Apache-2.0
package io.vmmig.lab.host;

import io.vmmig.hypervisor.Guest;
import io.vmmig.hypervisor.Hypervisor;
import io.vmmig.hypervisor.RestoredGuest;
import io.vmmig.hypervisor.RestoringGuest;
import io.vmmig.hypervisor.SavedGuest;
import io.vmmig.transport.IncomingSession;
import io.vmmig.transport.OutgoingSession;
import io.vmmig.transport.PackageUpload;
import java.io.FilterInputStream;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Wraps the interfaces that vmmig calls, and waits at a {@link Barrier} before or after one of these calls. */
final class CallInterceptor {
    /** How many bytes of a guest's memory pass before {@code HALFWAY} is reached. */
    private static final int HALFWAY_BYTES = 8 << 20;

    private static final List<Class<?>> PASSED_THROUGH = List.of(
            Hypervisor.class,
            Guest.class,
            SavedGuest.class,
            RestoringGuest.class,
            RestoredGuest.class,
            OutgoingSession.class,
            PackageUpload.class,
            IncomingSession.class);

    private final Barrier barrier;

    CallInterceptor(Barrier barrier) {
        this.barrier = barrier;
    }

    <T> T over(Class<T> type, T real) {
        return barrier.isForNothing() ? real : type.cast(proxy(type, real));
    }

    private Object proxy(Class<?> type, Object real) {
        return Proxy.newProxyInstance(
                CallInterceptor.class.getClassLoader(),
                new Class<?>[] {type},
                (proxy, method, arguments) -> call(type, real, method, arguments));
    }

    private @Nullable Object call(Class<?> type, Object real, Method method, @Nullable Object @Nullable [] arguments)
            throws Throwable {
        if (barrier.isFor(type, method.getName(), false)) {
            barrier.await();
        }
        Object result;
        try {
            result = method.invoke(real, arguments);
        } catch (InvocationTargetException e) {
            throw e.getTargetException();
        }
        if (barrier.isFor(type, method.getName(), true)) {
            barrier.await();
        }
        return passedThrough(type, method, result);
    }

    private @Nullable Object passedThrough(Class<?> type, Method method, @Nullable Object result) {
        if (result instanceof InputStream in && barrier.isHalfwayThrough(type)) {
            return new In(in);
        }
        if (result instanceof OutputStream out && barrier.isHalfwayThrough(type)) {
            return new Out(out);
        }
        return PASSED_THROUGH.contains(method.getReturnType()) && result != null
                ? proxy(method.getReturnType(), result)
                : result;
    }

    private final class In extends FilterInputStream {
        private long passed;

        In(InputStream in) {
            super(in);
        }

        @Override
        public int read() throws IOException {
            return count(super.read(), 1);
        }

        @Override
        public int read(byte[] bytes, int offset, int length) throws IOException {
            int n = super.read(bytes, offset, length);
            return count(n, n);
        }

        private int count(int result, int bytes) {
            if (result >= 0) {
                passed += bytes;
                if (passed >= HALFWAY_BYTES) {
                    barrier.await();
                }
            }
            return result;
        }
    }

    private final class Out extends FilterOutputStream {
        private long passed;

        Out(OutputStream out) {
            super(out);
        }

        @Override
        public void write(byte[] bytes, int offset, int length) throws IOException {
            out.write(bytes, offset, length);
            passed += length;
            if (passed >= HALFWAY_BYTES) {
                barrier.await();
            }
        }
    }
}
