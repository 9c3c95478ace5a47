// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.wire;

import io.vmmig.error.VmmigException;
import java.io.IOException;

/** The frames by which a session goes on over another connection; what follows them are the frames of the session. */
final class Rejoins {
    private Rejoins() {}

    /** Says which session it is. */
    static void ask(Connection connection, Messages.Rejoin rejoin) throws IOException {
        Talk.send(connection, new Frame(Kind.REJOIN, Messages.rejoin(rejoin)));
    }

    /** Waits for that; throws as {@link Cards#receive} does. */
    static Messages.Rejoin hear(Connection connection) throws IOException, VmmigException, PeerGaveUp {
        return Messages.readRejoin(Talk.receive(connection, Kind.REJOIN));
    }

    /** Says why the session is over; after a REJOIN that announces it. */
    static void abort(Connection connection, Frame abort) throws IOException {
        Talk.send(connection, abort);
    }

    /** Waits for that; throws as {@link Cards#receive} does. */
    static byte[] hearAbort(Connection connection) throws IOException, VmmigException, PeerGaveUp {
        return Talk.receive(connection, Kind.ABORT);
    }

    /** Says yes, and how much has been received in this session. */
    static void agree(Connection connection, long received) throws IOException {
        Talk.send(connection, new Frame(Kind.REJOINED, Messages.rejoined(received)));
    }

    /** Waits for that; throws as {@link Cards#receive} does. */
    static long await(Connection connection) throws IOException, VmmigException, PeerGaveUp {
        return Messages.readRejoined(Talk.receive(connection, Kind.REJOINED));
    }
}
