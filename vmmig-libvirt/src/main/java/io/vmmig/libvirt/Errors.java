// SPDX-License-Identifier: Apache-2.0
package io.vmmig.libvirt;

import io.vmmig.Failure;
import io.vmmig.HypervisorException;
import io.vmmig.Problem;
import io.vmmig.VmmigException;
import io.vmmig.libvirt.binding.LibvirtError;
import java.io.IOException;
import java.time.Duration;

/** Turns what goes wrong below into what vmmig tells its callers. */
final class Errors {
    /** What QEMU says of a guest that has not run since its memory was last taken; it can only be taken again after that. */
    private static final String SAVED_BEFORE = "paused due to previous migration";

    private Errors() {}

    /**
     * An error of libvirt, in its own words.
     *
     * @param doing what was being done, as in "could not suspend the guest"
     * @param alive whether the connection still stands
     */
    static HypervisorException of(LibvirtError error, String doing, boolean alive) {
        Problem problem = alive ? problem(error) : Problem.HYPERVISOR_UNREACHABLE;
        return new HypervisorException(
                problem,
                "could not " + doing + ": " + error.getMessage() + " (libvirt error " + error.code() + ")",
                words(error).contains(SAVED_BEFORE)
                        ? "It was paused when it was saved before: let it run for a moment first."
                        : remedy(problem),
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

    private static String remedy(Problem problem) {
        return switch (problem) {
            case GUEST_UNKNOWN -> "Check the guest's name.";
            case GUEST_BUSY -> "Wait for the guest's other job to end, and try again.";
            case GUEST_NOT_RUNNING -> "Start the guest first.";
            case HYPERVISOR_UNREACHABLE -> "Check that libvirt runs on this machine.";
            default -> "";
        };
    }

    /** A call that has not come back. */
    static HypervisorException timeout(String doing, Duration deadline) {
        return new HypervisorException(
                Problem.HYPERVISOR_TIMEOUT,
                "could not " + doing + " within " + deadline.toMillis() + " ms",
                "Look at libvirt's log and at the guest's QEMU process, or allow more time.");
    }

    /** A file of ours, next to libvirt, that cannot be used. */
    static VmmigException file(String doing, IOException cause) {
        return VmmigException.of(
                Failure.of(
                        Problem.FILE_FAILED,
                        "could not " + doing + ": " + cause.getMessage(),
                        "Check the work directory."),
                cause);
    }

    private static String words(LibvirtError error) {
        String message = error.getMessage();
        return message == null ? "" : message;
    }
}
