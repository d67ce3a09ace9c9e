import AgentRuntime
import System

Process.exit(AgentCommand.main())
