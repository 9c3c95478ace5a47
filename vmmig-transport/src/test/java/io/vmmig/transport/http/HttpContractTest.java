// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.vmmig.crypto.HostIdentity;
import io.vmmig.testkit.PackageStoreContract;
import io.vmmig.transport.PackageStore;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

class HttpContractTest extends PackageStoreContract {
    @TempDir
    Path temp;

    private HostIdentity identity;
    private Web web;

    @BeforeEach
    void start() throws Exception {
        identity = HostIdentity.in(temp.resolve("identity"));
        web = new Web(temp.resolve("server"));
    }

    @AfterEach
    void stop() throws Exception {
        web.close();
    }

    @Override
    protected PackageStore store() throws Exception {
        return web.at("web-1", identity, temp.resolve("spool"));
    }

    @Override
    protected void assertNothingIsLeft() {
        assertThat(web.directory).isEmptyDirectory();
    }
}
