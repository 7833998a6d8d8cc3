// The clients of all services, over a transport.

import type { DescService } from "@bufbuild/protobuf";
import { createClient, type CallOptions, type Client as Of, type Transport } from "@connectrpc/connect";
import { Calls, type Options } from "./calls.js";
import { AuthService } from "./gen/web1on1/v2/auth_service_pb.js";
import { BotInstanceService } from "./gen/web1on1/v2/bot_instance_service_pb.js";
import { BotService } from "./gen/web1on1/v2/bot_service_pb.js";
import { CategoryService } from "./gen/web1on1/v2/category_service_pb.js";
import { FormFieldService } from "./gen/web1on1/v2/form_field_service_pb.js";
import { FormService } from "./gen/web1on1/v2/form_service_pb.js";
import { OrganizationGroupService } from "./gen/web1on1/v2/organization_group_service_pb.js";
import { OrganizationService } from "./gen/web1on1/v2/organization_service_pb.js";
import { ServiceService } from "./gen/web1on1/v2/service_service_pb.js";
import { UserService } from "./gen/web1on1/v2/user_service_pb.js";
import { WorkflowService } from "./gen/web1on1/v2/workflow_service_pb.js";

/** What calls the gateway. `connect` of `web1on1-client/node` or `/web` makes one. */
export class Client {
  readonly #calls: Calls;
  readonly auth: Of<typeof AuthService>;
  readonly botInstances: Of<typeof BotInstanceService>;
  readonly bots: Of<typeof BotService>;
  readonly categories: Of<typeof CategoryService>;
  readonly formFields: Of<typeof FormFieldService>;
  readonly forms: Of<typeof FormService>;
  readonly organizationGroups: Of<typeof OrganizationGroupService>;
  readonly organizations: Of<typeof OrganizationService>;
  readonly services: Of<typeof ServiceService>;
  readonly users: Of<typeof UserService>;
  readonly workflows: Of<typeof WorkflowService>;

  /** Calls over any transport of connect. */
  constructor(transport: Transport, options: Options = {}) {
    const calls = new Calls(transport, options);
    this.#calls = calls;
    this.auth = clientOf(AuthService, calls);
    this.botInstances = clientOf(BotInstanceService, calls);
    this.bots = clientOf(BotService, calls);
    this.categories = clientOf(CategoryService, calls);
    this.formFields = clientOf(FormFieldService, calls);
    this.forms = clientOf(FormService, calls);
    this.organizationGroups = clientOf(OrganizationGroupService, calls);
    this.organizations = clientOf(OrganizationService, calls);
    this.services = clientOf(ServiceService, calls);
    this.users = clientOf(UserService, calls);
    this.workflows = clientOf(WorkflowService, calls);
  }

  /** The refresh token that the next start can log in with; a secret. */
  get refreshToken(): string | undefined {
    return this.#calls.session.refreshToken;
  }
}

type Streaming = (request: unknown, options?: CallOptions) => AsyncIterable<unknown>;

/** The client of a service, whose lists end their call where a loop leaves them. */
function clientOf<S extends DescService>(service: S, calls: Calls): Of<S> {
  const client = createClient(service, calls);
  const methods = client as Record<string, unknown>;
  for (const { methodKind, localName } of service.methods) {
    if (methodKind === "server_streaming") {
      methods[localName] = leavable(methods[localName] as Streaming);
    }
  }
  return client;
}

/** Gives the iterators of a list a `return`, which those of connect do not have. */
function leavable(list: Streaming): Streaming {
  return (request, options) => {
    const left = new AbortController();
    const signals = options?.signal ? [options.signal, left.signal] : [left.signal];
    const messages = list(request, { ...options, signal: AbortSignal.any(signals) });
    return {
      [Symbol.asyncIterator]() {
        const iterator = messages[Symbol.asyncIterator]();
        return {
          next: () => iterator.next(),
          return: async () => {
            left.abort();
            // Takes note of it, and stops the timer of the deadline.
            await iterator.next().catch(() => undefined);
            return { done: true, value: undefined };
          },
        };
      },
    };
  };
}
