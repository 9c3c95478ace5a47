// SPDX-License-Identifier: Apache-2.0
package io.vmmig.libvirt.posix;

/** What this process is to the operating system. */
public final class ThisProcess {
    private ThisProcess() {}

    /** Whether it runs with the rights of root. */
    public static boolean isRoot() {
        return LibC.geteuid() == 0;
    }

    /** Sets a variable of the C environment, which Java's own copy does not show, unless it is set already. */
    public static void setEnvironmentIfMissing(String name, String value) {
        if (LibC.setenv(name, value, 0) != 0) {
            throw new IllegalArgumentException(name);
        }
    }
}
