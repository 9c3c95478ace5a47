// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.wire;

import io.vmmig.error.VmmigException;
import io.vmmig.transport.Outcome;
import java.io.IOException;
import java.util.UUID;

/** The frames of an inquiry: a question and its answer. */
public final class Inquiries {
    private Inquiries() {}

    /** Asks what became of a package. */
    public static void ask(Connection connection, UUID packageId) throws IOException {
        ControlIo.send(connection, new Frame(Kind.INQUIRE, Messages.inquire(packageId)));
    }

    /** Waits for the question; throws as {@link Cards#receive} does. */
    public static UUID hear(Connection connection) throws IOException, VmmigException, PeerAbortedException {
        return Messages.readInquire(ControlIo.receive(connection, Kind.INQUIRE));
    }

    /** Answers it. */
    public static void answer(Connection connection, Outcome outcome) throws IOException {
        ControlIo.send(connection, new Frame(Kind.ANSWER, Messages.answer(outcome)));
    }

    /** Waits for the answer; throws as {@link Cards#receive} does. */
    public static Outcome await(Connection connection) throws IOException, VmmigException, PeerAbortedException {
        return Messages.readAnswer(ControlIo.receive(connection, Kind.ANSWER));
    }
}
