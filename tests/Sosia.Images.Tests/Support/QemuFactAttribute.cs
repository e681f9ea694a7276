using Xunit;

namespace Sosia.Images.Tests.Support;

/// <summary>A test that compares with qemu-img.</summary>
public sealed class QemuFactAttribute : FactAttribute
{
    public QemuFactAttribute()
    {
        Skip = QemuImg.IsInstalled ? null : "qemu-img is not installed (Debian: qemu-utils)";
    }
}
