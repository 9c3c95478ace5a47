// SPDX-License-Identifier: Apache-2.0
package io.vmmig.libvirt;

import io.vmmig.error.HypervisorException;
import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.libvirt.binding.LibvirtError;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;

/** Translates libvirt's errors into vmmig's. */
final class Errors {
    /** QEMU's error for a guest that has not run since its last save; it can only be saved again after it has run. */
    private static final String SAVED_BEFORE = "paused due to previous migration";

    /** The error of QEMU 8.0 and later for a guest with its own vdagent, unless its machine type is 10.1 or later. */
    private static final String VDAGENT = "vdagent chardev";

    private Errors() {}

    /**
     * An error of libvirt, with its message.
     *
     * @param doing the action, as in "could not suspend the guest"
     */
    static HypervisorException of(LibvirtError error, String doing) {
        Problem problem = problem(error);
        return of(problem, error, doing, remedy(problem, words(error)));
    }

    /**
     * An error of libvirt whose connection is lost.
     *
     * @param doing likewise
     * @param remedy how to reach libvirt
     */
    static HypervisorException unreachable(LibvirtError error, String doing, String remedy) {
        return of(Problem.HYPERVISOR_UNREACHABLE, error, doing, remedy);
    }

    private static HypervisorException of(Problem problem, LibvirtError error, String doing, String remedy) {
        return new HypervisorException(
                problem,
                "could not " + doing + ": " + error.getMessage() + " (libvirt error " + error.code() + ")",
                remedy,
                error);
    }

    private static Problem problem(LibvirtError error) {
        return switch (error.code()) {
            case LibvirtError.NO_DOMAIN -> Problem.GUEST_UNKNOWN;
            case LibvirtError.OPERATION_TIMEOUT -> Problem.GUEST_BUSY;
            case LibvirtError.OPERATION_INVALID ->
                words(error).contains("not running") ? Problem.GUEST_NOT_RUNNING : Problem.HYPERVISOR_FAILED;
            default -> Problem.HYPERVISOR_FAILED;
        };
    }

    private static String remedy(Problem problem, String words) {
        if (words.contains(SAVED_BEFORE)) {
            return "It was paused when it was last saved: let it run for a moment first.";
        }
        if (words.contains(VDAGENT)) {
            return "Take the channel of type qemu-vdagent out of the guest (virsh detach-device), or use QEMU and a machine"
                    + " type of 10.1 or later.";
        }
        return switch (problem) {
            case GUEST_UNKNOWN -> "Check the guest's name.";
            case GUEST_BUSY -> "Wait for the guest's other job to end, and try again.";
            case GUEST_NOT_RUNNING -> "Start the guest first.";
            default -> "";
        };
    }

    /** A call that has not returned. */
    static HypervisorException timeout(String doing, Duration deadline) {
        return new HypervisorException(
                Problem.HYPERVISOR_TIMEOUT,
                "could not " + doing + " within " + deadline.toMillis() + " ms",
                "Look at libvirt's log and at the guest's QEMU process, or allow more time.");
    }

    /** A file in the work directory that cannot be used. */
    static VmmigException file(String doing, IOException cause) {
        return VmmigException.of(
                Problem.FILE_FAILED,
                "could not " + doing + ": " + cause.getMessage(),
                "Check the work directory.",
                cause);
    }

    /** What libvirt said, if it is the cause. */
    static Optional<LibvirtError> ofLibvirt(Throwable failed) {
        for (Throwable t = failed; t != null; t = t.getCause()) {
            if (t instanceof LibvirtError error) {
                return Optional.of(error);
            }
        }
        return Optional.empty();
    }

    private static String words(LibvirtError error) {
        String message = error.getMessage();
        return message == null ? "" : message;
    }
}
