using System.Text;

namespace Sosia.Guests.Tests.Nesting;

/// <summary>A guest of a few instructions: a flat real-mode program that writes a line to the first serial port and ends the machine.</summary>
internal static class TinyKernel
{
    /// <summary>Where it is loaded, in hexadecimal.</summary>
    public const string LoadAddress = "0x8000";

    /// <summary>The port of <c>--debug-exit</c> that it writes to.</summary>
    public const string ExitPort = "0xf4";

    /// <summary>The machine's exit status: (42 &lt;&lt; 1) | 1.</summary>
    public const int ExitStatus = 85;

    /// <summary>What it writes.</summary>
    public const string Line = "A guest's guest.\r\n";

    /// <summary>The program.</summary>
    public static byte[] Image =>
    [
        0xbe, 0x15, 0x80,   //       mov si, message
        0xba, 0xf8, 0x03,   //       mov dx, 0x3f8
        0xac,               // next: lodsb
        0x84, 0xc0,         //       test al, al
        0x74, 0x03,         //       jz done
        0xee,               //       out dx, al
        0xeb, 0xf8,         //       jmp next
        0xb0, 0x2a,         // done: mov al, 42
        0xe6, 0xf4,         //       out 0xf4, al
        0xf4,               //       hlt
        0xeb, 0xfd,         //       jmp $ - 1
        .. Encoding.ASCII.GetBytes(Line + "\0"),
    ];
}
