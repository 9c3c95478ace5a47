// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.wire;

import io.vmmig.error.VmmigException;
import java.io.IOException;

/** The frames that resume a session over another connection; the frames of the session follow them. */
final class Rejoins {
    private Rejoins() {}

    /** Names the session. */
    static void ask(Connection connection, Messages.Rejoin rejoin) throws IOException {
        ControlIo.send(connection, new Frame(Kind.REJOIN, Messages.rejoin(rejoin)));
    }

    /** Waits for that; throws as {@link Cards#receive} does. */
    static Messages.Rejoin hear(Connection connection) throws IOException, VmmigException, PeerAbortedException {
        return Messages.readRejoin(ControlIo.receive(connection, Kind.REJOIN));
    }

    /** Says why the session ended, after a REJOIN that announces it. */
    static void abort(Connection connection, Frame abort) throws IOException {
        ControlIo.send(connection, abort);
    }

    /** Waits for that; throws as {@link Cards#receive} does. */
    static byte[] hearAbort(Connection connection) throws IOException, VmmigException, PeerAbortedException {
        return ControlIo.receive(connection, Kind.ABORT);
    }

    /** Agrees, and says how many bytes have been received in this session. */
    static void agree(Connection connection, long received) throws IOException {
        ControlIo.send(connection, new Frame(Kind.REJOINED, Messages.rejoined(received)));
    }

    /** Waits for that; throws as {@link Cards#receive} does. */
    static long await(Connection connection) throws IOException, VmmigException, PeerAbortedException {
        return Messages.readRejoined(ControlIo.receive(connection, Kind.REJOINED));
    }
}
