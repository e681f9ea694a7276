using Xunit;

namespace Sosia.Images.Tests.Support;

/// <summary>A test with cases that compares with qemu-img.</summary>
public sealed class QemuTheoryAttribute : TheoryAttribute
{
    public QemuTheoryAttribute()
    {
        Skip = QemuImg.IsInstalled ? null : "qemu-img is not installed (Debian: qemu-utils)";
    }
}
