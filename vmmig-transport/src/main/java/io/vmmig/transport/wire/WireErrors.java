// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.wire;

import io.vmmig.error.Failure;
import io.vmmig.error.Problem;
import io.vmmig.error.TransportException;
import io.vmmig.error.VmmigException;
import java.io.IOException;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** The errors of a connection, with messages. */
final class WireErrors {
    private static final String CHECK_PEER = "Check the other host and the network, then start again.";

    private WireErrors() {}

    static VmmigException lost(String peer, Throwable cause) {
        if (cause instanceof IOException broken) {
            return VmmigException.from(
                    broken, Problem.CONNECTION_LOST, "the connection with " + peer + " broke", CHECK_PEER);
        }
        return new TransportException(
                Problem.CONNECTION_LOST, "the connection with " + peer + " broke", CHECK_PEER, cause);
    }

    static VmmigException silent(String peer, Duration idle) {
        return new TransportException(
                Problem.PEER_STALLED, "nothing was heard from " + peer + " for " + idle.toMillis() + " ms", CHECK_PEER);
    }

    /** The original error, and why there is no other connection. */
    static VmmigException notResumed(VmmigException lost, String why, @Nullable Throwable cause) {
        Failure failure = lost.failure();
        return VmmigException.of(
                failure.problem(), failure.what() + ", and was not resumed: " + why, failure.remedy(), cause);
    }

    /** The answer to a peer that wants to resume an unknown session. */
    static VmmigException nothingToRejoin() {
        return new TransportException(
                Problem.CONNECTION_LOST,
                "this host no longer knows that transfer",
                "Look at its log: the program was restarted, or has aborted the transfer.");
    }

    static VmmigException takesNothing(String peer, Duration progress) {
        return new TransportException(
                Problem.PEER_STALLED,
                peer + " is alive, but has received nothing for " + progress.toMillis() + " ms",
                "Check what the other host is waiting for: its disk, or its hypervisor.");
    }

    static VmmigException owes(String peer, String what, Duration within) {
        return new TransportException(
                Problem.PEER_STALLED,
                peer + " is alive, but has " + what + " for " + within.toMillis() + " ms",
                "Check what the other host is waiting for, and the network; then start again.");
    }

    static VmmigException tooManyOffers() {
        return new TransportException(
                Problem.PEER_FAILED,
                "the destination has no memory for another large offer",
                "Wait until some of its transfers have ended, then start again.");
    }

    static VmmigException violation(String what) {
        return new TransportException(
                Problem.PROTOCOL_VIOLATION,
                "the peer broke the protocol: " + what,
                "Install the same release of vmmig on both hosts.");
    }

    static VmmigException closedHere() {
        return VmmigException.of(Problem.CANCELLED, "the transfer was aborted at this host", "");
    }

    static Failure destinationClosed() {
        return Failure.of(Problem.PEER_FAILED, "the destination aborted without giving a reason", "");
    }

    static VmmigException interrupted() {
        return VmmigException.of(Problem.CANCELLED, "the thread that waited for the other host was interrupted", "");
    }

    static VmmigException outcomeUnknown(String peer, Throwable cause) {
        return new TransportException(
                Problem.OUTCOME_UNKNOWN,
                "the guest was handed over to " + peer + ", but the answer did not arrive",
                "Check whether the guest runs there before you start it anywhere.",
                cause);
    }
}
