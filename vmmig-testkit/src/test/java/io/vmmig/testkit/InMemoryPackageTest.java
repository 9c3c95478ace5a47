// SPDX-License-Identifier: Apache-2.0
package io.vmmig.testkit;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vmmig.error.VmmigException;
import io.vmmig.transport.PackageStore;

class InMemoryPackageTest extends PackageStoreContract {
    private final InMemoryPackage store = new InMemoryPackage();

    @Override
    protected PackageStore store() {
        return store;
    }

    @Override
    protected void assertNothingIsLeft() {
        assertThatThrownBy(store::open).isInstanceOf(VmmigException.class);
    }
}
