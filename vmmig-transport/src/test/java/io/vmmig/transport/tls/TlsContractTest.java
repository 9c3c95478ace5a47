// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.tls;

import io.vmmig.error.VmmigException;
import io.vmmig.transport.IncomingSession;
import io.vmmig.transport.Transport;
import io.vmmig.transport.testing.TransportContract;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

class TlsContractTest extends TransportContract {
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
    protected Transport transport() {
        return pair.transport;
    }

    @Override
    protected IncomingSession arrival() throws VmmigException {
        return pair.accept();
    }

    @Override
    protected void assertNothingIsLeft() {}
}
