// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.tls;

import io.vmmig.error.VmmigException;
import io.vmmig.testkit.PeerContract;
import io.vmmig.transport.IncomingSession;
import io.vmmig.transport.Peer;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

class TlsContractTest extends PeerContract {
    @TempDir
    Path temp;

    private TlsPair pair;

    @BeforeEach
    void listen() throws VmmigException {
        pair = TlsPair.in(temp);
    }

    @AfterEach
    void close() {
        pair.close();
    }

    @Override
    protected Peer peer() {
        return pair.transport;
    }

    @Override
    protected IncomingSession arrival() throws VmmigException {
        return pair.accept();
    }
}
