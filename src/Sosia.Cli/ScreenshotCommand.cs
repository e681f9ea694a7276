using System.CommandLine;
using System.Net;
using Sosia.Core;
using Sosia.Display.Png;
using Sosia.Display.Rfb;

namespace Sosia.Cli;

/// <summary><c>sosia screenshot</c>: a picture of what a running machine shows.</summary>
internal static class ScreenshotCommand
{
    public static Command Create()
    {
        var file = new Argument<string>("FILE.png") { Description = "The picture; a file that exists is replaced" };
        Option<string?> vnc = MachineArguments.Text("--vnc", "ADDR:PORT", "Where the machine's VNC server listens [127.0.0.1:5900]");
        Option<string?> password = MachineArguments.Text("--password", "SECRET", "The VNC password");
        Option<string?> passwordFile = MachineArguments.Text("--password-file", "FILE", "A file whose first line is the VNC password");
        var command = new Command("screenshot", "Write the screen of a running machine (one with --display vnc=ADDR:PORT) as a PNG file") { file, vnc, password, passwordFile };
        command.SetAction(parsed =>
        {
            string address = parsed.GetValue(vnc) ?? "127.0.0.1:5900";
            if (!VncOptions.TryParseEndPoint(address, out IPEndPoint? endPoint))
            {
                throw new SosiaException($"The address '{address}' of --vnc is not an IP address and a port; write for example 127.0.0.1:5900.");
            }

            string? secret = parsed.GetValue(passwordFile) is { } path ? VncOptions.ReadPassword(path) : parsed.GetValue(password);
            PngFile.Write(parsed.GetValue(file)!, RfbClient.Capture(endPoint!, secret));
            return ExitStatus.Success;
        });
        return command;
    }
}
