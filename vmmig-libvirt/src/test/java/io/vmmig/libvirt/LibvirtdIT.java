// SPDX-License-Identifier: Apache-2.0
package io.vmmig.libvirt;

import io.vmmig.libvirt.binding.Connection;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

/** With a libvirt daemon, on a lab host of its own. */
class LibvirtdIT extends RealGuestTests {
    private static final String HOST = "libvirtit";

    private static String uri;
    private static Connection connection;

    @BeforeAll
    static void startHost() throws Exception {
        uri = Lab.run("host", "up", HOST);
        connection = Connection.open(uri);
    }

    @AfterAll
    static void stopHost() throws Exception {
        if (connection != null) {
            connection.close();
        }
        Lab.run("host", "down", HOST);
    }

    @Override
    String uri() {
        return uri;
    }

    @Override
    Connection connection() {
        return connection;
    }
}
