using System;
using Xunit;

namespace Sosia.Images.Tests.Support;

/// <summary>A test with cases that compares with qemu-img and mounts a small file system.</summary>
public sealed class RootQemuTheoryAttribute : TheoryAttribute
{
    public RootQemuTheoryAttribute()
    {
        Skip = !QemuImg.IsInstalled ? "qemu-img is not installed (Debian: qemu-utils)"
            : !Environment.IsPrivilegedProcess ? "only the superuser may mount a small file system" : null;
    }
}
