// SPDX-License-Identifier: Apache-2.0
package io.vmmig.libvirt.binding;

import com.sun.jna.Pointer;
import org.jspecify.annotations.Nullable;

/** A libvirt call failed; with libvirt's own message. */
public final class LibvirtError extends Exception {
    private static final long serialVersionUID = 1;

    /** libvirt does not support the call. */
    public static final int NO_SUPPORT = 3;
    /** An argument is invalid; also for an unknown flag. */
    public static final int INVALID_ARGUMENT = 8;

    public static final int NO_DOMAIN = 42;
    public static final int NO_NETWORK = 43;
    public static final int NO_NWFILTER = 62;
    /** The domain is not in the state that the call needs. */
    public static final int OPERATION_INVALID = 55;
    /** The domain's configuration does not support the call. */
    public static final int CONFIG_UNSUPPORTED = 67;
    /** Another call held the domain for too long. */
    public static final int OPERATION_TIMEOUT = 68;
    /** An argument's value is not supported. */
    public static final int ARGUMENT_UNSUPPORTED = 74;
    /** The driver does not support the operation. */
    public static final int OPERATION_UNSUPPORTED = 84;

    private final int code;

    /** From libvirt's error. */
    public LibvirtError(int code, String message) {
        super(message);
        this.code = code;
    }

    /** libvirt's number of the kind of error (virErrorNumber). */
    public int code() {
        return code;
    }

    /** The error of this thread's last call. */
    static LibvirtError last() {
        // A struct of int code, int domain, char *message, and redundant fields.
        Pointer error = LibvirtLibrary.virGetLastError();
        if (error == null) {
            return new LibvirtError(0, "libvirt failed without an error message");
        }
        Pointer message = error.getPointer(2L * Integer.BYTES);
        return new LibvirtError(error.getInt(0), message == null ? "no message" : message.getString(0, "UTF-8"));
    }

    /** The result of a call that returns something negative when it fails. */
    static int checked(int result) throws LibvirtError {
        if (result < 0) {
            throw last();
        }
        return result;
    }

    /** The result of a call that returns NULL when it fails. */
    static Pointer checked(@Nullable Pointer result) throws LibvirtError {
        if (result == null) {
            throw last();
        }
        return result;
    }
}
