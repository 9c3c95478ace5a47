// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.http;

import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import java.io.IOException;
import java.net.ConnectException;
import java.net.http.HttpTimeoutException;
import java.nio.channels.UnresolvedAddressException;
import java.security.cert.CertificateException;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The errors of failed requests. They contain the name of the package but no addresses, which may be secret, and only numbers
 * from the server.
 */
final class HttpErrors {
    private static final Set<Integer> PASSING = Set.of(408, 425, 429, 500, 502, 503, 504);
    private static final int MAX_CAUSES = 32;

    private final String what;

    HttpErrors(String what) {
        this.what = what;
    }

    /** The error for an unexpected response. */
    VmmigException unexpected(int status, String request) throws RetryableException {
        if (PASSING.contains(status)) {
            throw new RetryableException(VmmigException.of(
                    Problem.PEER_FAILED, answered(status, request), "Check the server, and try again."));
        }
        return switch (status) {
            case 401, 403, 407 ->
                VmmigException.of(
                        Problem.PEER_UNTRUSTED,
                        answered(status, request),
                        "Check the credentials, and whether an address has expired.");
            case 409, 412 ->
                VmmigException.of(
                        Problem.FILE_FAILED,
                        answered(status, request) + ": something is there already",
                        "Choose another place.");
            case 413 ->
                VmmigException.of(
                        Problem.PROTOCOL_MISMATCH,
                        answered(status, request) + ": it accepts no bodies of that size",
                        "Raise its limit, or make the parts smaller with partBytes(…).");
            case 404, 410 ->
                VmmigException.of(
                        Problem.FILE_FAILED, answered(status, request) + ": it is not there", "Check the address.");
            case 507 ->
                VmmigException.of(
                        Problem.DISK_FULL, answered(status, request), "Free some space at the server, and try again.");
            default ->
                VmmigException.of(
                        Problem.PROTOCOL_VIOLATION,
                        answered(status, request),
                        "Check that the server at that address supports PUT and DELETE.");
        };
    }

    private String answered(int status, String request) {
        return "the server of " + what + " answered " + request + " with " + status;
    }

    /** The error for a violation by the server. */
    VmmigException violation(String deed) {
        return violation(deed, "Check the server, and try again.");
    }

    VmmigException violation(String deed, String remedy) {
        return VmmigException.of(Problem.PROTOCOL_VIOLATION, "the server of " + what + " " + deed, remedy);
    }

    /** Anyone on the network can read and change plain http. */
    VmmigException plain() {
        return VmmigException.of(
                Problem.REQUEST_INVALID,
                what
                        + " would be reached over plain http, where anybody on the way can run its guest twice, or lose it",
                "Use https; or allow it by HttpAccess.allowingPlainHttp(), for a server on this machine or behind a secured link.");
    }

    RetryableException outOfCache(String request) {
        return new RetryableException(VmmigException.of(
                Problem.PEER_FAILED,
                "a cache before the server of " + what + " has answered " + request + " with an old answer",
                "Let the cache honour Cache-Control: no-cache, or reach the server without it."));
    }

    RetryableException stalled(String request) {
        return new RetryableException(VmmigException.of(
                Problem.PEER_STALLED,
                "the server of " + what + " makes no progress with " + request,
                "Check the server and the network, and try again."));
    }

    /** The error for an incomplete response. */
    VmmigException broken(Throwable thrown, String request) throws RetryableException {
        Throwable cause = thrown;
        for (int i = 0; cause != null && i < MAX_CAUSES; i++, cause = cause.getCause()) {
            if (cause instanceof VmmigException known) {
                return known;
            }
            if (cause instanceof BoundedBodySubscriber.LocalFailure local) {
                return VmmigException.from(
                        local,
                        Problem.FILE_FAILED,
                        "the fetched parts of " + what + " could not be written",
                        "Check the disk.");
            }
            if (cause instanceof CertificateException untrusted) {
                return VmmigException.of(
                        Problem.PEER_UNTRUSTED,
                        "the server of " + what + " is not trusted: " + untrusted.getMessage(),
                        "Check its certificate, and what HttpAccess trusts.");
            }
            if (cause instanceof ConnectException
                    || cause instanceof UnresolvedAddressException
                    || cause instanceof HttpTimeoutException) {
                throw lost(Problem.PEER_UNREACHABLE, "cannot be made", cause);
            }
        }
        throw lost(Problem.CONNECTION_LOST, "was lost in the middle of " + request, thrown);
    }

    RetryableException cut(String request) {
        return lost(Problem.CONNECTION_LOST, "was lost in the middle of " + request, null);
    }

    private RetryableException lost(Problem problem, String how, @Nullable Throwable cause) {
        String words = cause instanceof IOException && cause.getMessage() != null ? cause.getMessage() : "";
        String safe = words.isEmpty() || words.contains("://") ? "" : ": " + words;
        return new RetryableException(VmmigException.of(
                problem,
                "the connection to the server of " + what + " " + how + safe,
                "Check the server and the network, and try again."));
    }
}
