// SPDX-License-Identifier: Apache-2.0
package io.vmmig.libvirt.posix;

/** What this process is to the operating system. */
public final class ThisProcess {
    private ThisProcess() {}

    /** Whether it runs with the rights of root. */
    public static boolean isRoot() {
        return LibC.geteuid() == 0;
    }

    /** What is done meanwhile. */
    public interface Action<T, E extends Exception> {
        T run() throws E;
    }

    /**
     * Does something while a variable of the C environment has a value, unless it has one anyway. It is taken back afterwards,
     * because the processes that Java starts inherit it.
     */
    public static <T, E extends Exception> T withEnvironment(String name, String value, Action<T, E> action) throws E {
        if (LibC.getenv(name) != null) {
            return action.run();
        }
        if (LibC.setenv(name, value, 0) != 0) {
            throw new IllegalArgumentException(name);
        }
        try {
            return action.run();
        } finally {
            LibC.unsetenv(name);
        }
    }
}
