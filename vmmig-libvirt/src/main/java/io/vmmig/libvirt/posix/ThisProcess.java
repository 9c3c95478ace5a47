// SPDX-License-Identifier: Apache-2.0
package io.vmmig.libvirt.posix;

/** Facts about this process. */
public final class ThisProcess {
    private ThisProcess() {}

    /** Whether it runs as root. */
    public static boolean isRoot() {
        return LibC.geteuid() == 0;
    }

    /** What is done meanwhile. */
    public interface Action<T, E extends Exception> {
        T run() throws E;
    }

    /**
     * Runs an action while a variable of the C environment is set, unless it is set already. Unsets it afterwards, because child
     * processes of Java inherit it.
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
